namespace Skep.Blocks.Nbd;

/// <summary>A request that a client sent and waits for.</summary>
internal sealed class NbdClientRequest(ushort command, long offset, long length)
{
    private const int Waiting = 0;
    private const int Answering = 1;
    private const int Abandoned = 2;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    public ushort Command { get; } = command;

    public long Offset { get; } = offset;

    public long Length { get; } = length;

    /// <summary>Where a read goes.</summary>
    public Memory<byte> Destination { get; init; }

    /// <summary>The id of the context whose extents are wanted.</summary>
    public uint ContextId { get; init; }

    /// <summary>Where the extents go.</summary>
    public Memory<NbdExtent> Extents { get; init; }

    public int ExtentCount { get; set; }

    /// <summary>Bytes of a read that came.</summary>
    public long CoveredBytes { get; set; }

    /// <summary>The first error that came.</summary>
    public BlockDeviceException? Failure { get; set; }

    public Task Task => _done.Task;

    /// <summary>For the receiver: from now on the caller's memory is written to. False when the caller has gone.</summary>
    public bool TryBeginAnswer() => Interlocked.CompareExchange(ref _state, Answering, Waiting) != Abandoned;

    /// <summary>For the caller: it waits no longer, unless the answer is being received already.</summary>
    public void Abandon(CancellationToken ct)
    {
        if (Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting)
            _done.TrySetCanceled(ct);
    }

    public void Complete()
    {
        if (Failure is { } failure)
            _done.TrySetException(failure);
        else
            _done.TrySetResult();
    }

    public void Fail(Exception failure) => _done.TrySetException(failure);
}
