namespace Skep.Objects.Embedded;

/// <summary>Keeps a scrub below its rate: waits when it is ahead.</summary>
internal sealed class ScrubPace(TimeProvider time, long bytesPerSecondMax)
{
    /// <summary>Shorter waits are saved up: timers are not that exact.</summary>
    private static readonly TimeSpan _waitMin = TimeSpan.FromMilliseconds(20);

    private readonly long _start = time.GetTimestamp();

    /// <summary>Bytes so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Counts bytes that were read.</summary>
    public void Add(int count) => BytesRead += count;

    /// <summary>Waits until the bytes so far were not too many.</summary>
    public async ValueTask WaitAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var ahead = TimeSpan.FromSeconds((double)BytesRead / bytesPerSecondMax) - time.GetElapsedTime(_start);
        if (ahead >= _waitMin)
            await Task.Delay(ahead, time, ct);
    }
}
