using System.Threading.Tasks.Sources;

namespace Skep.Blocks.Devices;

/// <summary>One call to a disk that a worker waits for. Reused: it goes back to its device when its result is taken.</summary>
internal sealed class IoOperation(FileDevice device) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source;
    private Exception? _failure;

    public IoKind Kind { get; set; }

    public long Offset { get; set; }

    public long Length { get; set; }

    public Memory<byte> Destination { get; set; }

    public ReadOnlyMemory<byte> Source { get; set; }

    public ZeroOptions Options { get; set; }

    /// <summary>The next one in the device's list of free ones.</summary>
    public IoOperation? Next { get; set; }

    /// <summary>What the caller awaits.</summary>
    public ValueTask Task => new(this, _source.Version);

    /// <summary>A worker does it.</summary>
    public void Perform()
    {
        try
        {
            device.Perform(this);
        }
        catch (Exception ex)
        {
            _failure = ex;
        }
    }

    /// <summary>Tells whoever waits for it, who goes on in this call.</summary>
    public void Complete()
    {
        if (_failure is null)
            _source.SetResult(true);
        else
            _source.SetException(_failure);
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _source.GetResult(token);
        }
        finally
        {
            Destination = default;
            Source = default;
            _failure = null;
            _source.Reset();
            device.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}

/// <summary>What is done.</summary>
internal enum IoKind
{
    Read,
    Write,
    Flush,
    Trim,
    Zero,
}
