namespace Skep.Storage.Kinds;

/// <summary>EC2's snapshot states.</summary>
public static class SnapshotState
{
    public const string Pending = "pending";
    public const string Completed = "completed";
    public const string Error = "error";
}
