namespace Skep.Blocks.Log;

/// <summary>Consecutive records of the write-ahead log that reach the store together; within it, only the last write of a sector counts.</summary>
internal sealed class Batch(uint number)
{
    public uint Number => number;

    /// <summary>Where the content is in the log. Holes and zeroes carry the batch's number as offset.</summary>
    public ExtentMap Map { get; } = new();

    /// <summary>The last record that belongs to it.</summary>
    public ulong LastSequence { get; set; }

    /// <summary>What its records take of the log.</summary>
    public long LogBytes { get; set; }

    /// <summary>Timestamp of the first record.</summary>
    public long Since { get; set; }

    public bool IsEmpty => LogBytes == 0;
}

/// <summary>Something that waits for its record in the manifest log. All of them enter it in the order of the queue.</summary>
internal sealed class PendingCommit
{
    /// <summary>The batch that it brings to the store, if any.</summary>
    public Batch? Batch { get; init; }

    /// <summary>What the record says; set when everything that it refers to is in the store.</summary>
    public IReadOnlyList<ManifestChange>? Changes { get; set; }

    /// <summary>Nothing else may follow it in its record.</summary>
    public bool EndsRecord { get; init; }

    /// <summary>Uploading has begun.</summary>
    public bool IsStarted { get; set; }

    public TaskCompletionSource<ulong> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
