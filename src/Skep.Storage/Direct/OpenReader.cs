using Skep.Blocks.Chunks;

namespace Skep.Storage.Direct;

/// <summary>A reader that several requests share: closed when the last of them, and whoever keeps it, has let go. Thread-safe.</summary>
internal sealed class OpenReader(SnapshotReader reader)
{
    private int _holders = 1; // whoever keeps it

    public string SnapshotId => reader.Info.SnapshotId;

    public SnapshotReader Reader => reader;

    /// <summary>One more holder; only while there is another.</summary>
    public ReaderLease Lease()
    {
        Interlocked.Increment(ref _holders);
        return new ReaderLease(this);
    }

    /// <summary>One holder less.</summary>
    public ValueTask ReleaseAsync() => Interlocked.Decrement(ref _holders) == 0 ? reader.DisposeAsync() : ValueTask.CompletedTask;
}
