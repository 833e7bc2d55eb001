namespace Skep.S3.Lifecycle;

/// <summary>What a look at a bucket did.</summary>
/// <param name="Expired">Current versions that went, or that a delete marker was put over.</param>
/// <param name="Markers">Delete markers without versions that went.</param>
/// <param name="Noncurrent">Replaced versions that went.</param>
/// <param name="Aborted">Uploads that were aborted.</param>
/// <param name="Kept">What was due and stayed: locked, or changed since it was looked at.</param>
internal readonly record struct LifecycleOutcome(int Expired, int Markers, int Noncurrent, int Aborted, int Kept)
{
    /// <summary>Whether anything was due.</summary>
    public bool IsNothing => this == default;
}
