using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Skep.S3.Requests;
using Skep.Testing;

namespace Skep.S3.Tests.Requests;

/// <summary>Bodies whose client falls silent.</summary>
public sealed class PatientStreamTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TestClock _clock = new();
    private readonly Pipe _pipe = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gives_up_after_silence_however_much_came_before()
    {
        await using var stream = new PatientStream(_pipe.Reader.AsStream(), _patience, _clock, CancellationToken.None);
        var buffer = new byte[100];
        for (var i = 0; i < 5; i++)
        {
            var pending = stream.ReadAsync(buffer, Ct);
            _clock.Advance(_patience / 2); // each pause alone is bearable
            await _pipe.Writer.WriteAsync(new byte[10], Ct);
            Assert.Equal(10, await pending);
        }

        var last = stream.ReadAsync(buffer, Ct).AsTask();
        _clock.Advance(_patience - TimeSpan.FromSeconds(1));
        Assert.False(last.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(StatusCodes.Status408RequestTimeout, (await Assert.ThrowsAsync<BadHttpRequestException>(() => last)).StatusCode);
    }

    [Fact]
    public async Task Counts_no_time_while_nobody_reads()
    {
        await using var stream = new PatientStream(_pipe.Reader.AsStream(), _patience, _clock, CancellationToken.None);
        var buffer = new byte[10];
        var pending = stream.ReadAsync(buffer, Ct);
        await _pipe.Writer.WriteAsync(new byte[10], Ct);
        Assert.Equal(10, await pending);
        _clock.Advance(10 * _patience); // the disk is slow, not the client
        await _pipe.Writer.WriteAsync(new byte[10], Ct);
        Assert.Equal(10, await stream.ReadAsync(buffer, Ct));
    }

    [Fact]
    public async Task An_aborted_request_is_no_silent_one()
    {
        using var aborted = new CancellationTokenSource();
        await using var stream = new PatientStream(_pipe.Reader.AsStream(), _patience, _clock, aborted.Token);
        var pending = stream.ReadAsync(new byte[10], Ct).AsTask();
        await aborted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
    }
}
