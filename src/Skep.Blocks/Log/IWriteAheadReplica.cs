namespace Skep.Blocks.Log;

/// <summary>
/// Keeps a second copy of a volume's write-ahead log elsewhere, so that a flush survives the loss of this machine. Records
/// come one at a time and in order. A failure stops the volume, as a failed sync of the local log does.
/// </summary>
public interface IWriteAheadReplica
{
    /// <summary>Takes a record; it need not be durable on return. The buffers may be reused after it.</summary>
    /// <param name="sequence">The record's number, consecutive.</param>
    /// <param name="record">The record as it stands in the local log, in parts.</param>
    /// <param name="ct">Cancels.</param>
    ValueTask AppendAsync(ulong sequence, IReadOnlyList<ReadOnlyMemory<byte>> record, CancellationToken ct);

    /// <summary>Every record up to a number is durable on return.</summary>
    ValueTask FlushAsync(ulong sequence, CancellationToken ct);

    /// <summary>Records up to a number are in the object store: the copies can go.</summary>
    void Release(ulong sequence);
}
