namespace Skep.Storage.Kinds;

/// <summary>EC2's volume states.</summary>
public static class VolumeState
{
    public const string Creating = "creating";
    public const string Available = "available";
    public const string InUse = "in-use";
    public const string Deleting = "deleting";
    public const string Error = "error";
}
