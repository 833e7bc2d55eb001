using System.Threading.Tasks.Sources;

namespace Skep.Blocks.Devices;

/// <summary>One call to a disk that a worker waits for. Reused: it goes back to its device when its result is taken.</summary>
internal sealed class IoOperation(FileDevice device) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source;

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

    /// <summary>Does it, on a worker; what waits for it goes on there.</summary>
    public void Run()
    {
        try
        {
            device.Perform(this);
        }
        catch (Exception ex)
        {
            _source.SetException(ex);
            return;
        }

        _source.SetResult(true);
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
