using Skep.S3.Access;

namespace Skep.S3.Xml;

/// <summary>Elements that several answers have.</summary>
internal static class CommonElements
{
    /// <summary>An owner, or under another name who did something.</summary>
    public static S3Xml Owner(this S3Xml xml, S3Owner owner, string element = "Owner") =>
        xml.Open(element).Element("ID", owner.Id).Element("DisplayName", owner.DisplayName).Close();
}
