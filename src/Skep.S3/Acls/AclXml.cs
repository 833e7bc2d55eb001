using Skep.S3.Access;
using Skep.S3.Xml;

namespace Skep.S3.Acls;

/// <summary>Writes an access control list as the API shows it.</summary>
internal static class AclXml
{
    private static readonly KeyValuePair<string, string> _xsi = new("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");

    /// <summary>Writes it.</summary>
    public static S3Xml Write(AccessControlList list, S3Accounts accounts, string owner)
    {
        var xml = new S3Xml("AccessControlPolicy").Owner(accounts.OwnerOf(owner)).Open("AccessControlList");
        // Groups first, as clients expect it that read the list by position.
        foreach (var grant in list.Grants.OrderBy(g => g.Group is null))
        {
            xml.Open("Grant");
            if (grant.Group is { } group)
                xml.Open("Grantee", _xsi, new("xsi:type", "Group")).Element("URI", AclNames.Of(group));
            else
                WriteAccount(xml, accounts.OwnerOf(grant.Account!));
            xml.Close().Element("Permission", AclNames.Of(grant.Permission)).Close();
        }

        return xml;
    }

    private static void WriteAccount(S3Xml xml, S3Owner account) =>
        xml.Open("Grantee", _xsi, new("xsi:type", "CanonicalUser")).Element("ID", account.Id).Element("DisplayName", account.DisplayName);
}
