using System.Net.Sockets;
using System.Text;

namespace Skep.S3.SystemTests.Faults;

/// <summary>Clients that are slow on purpose: they may cost neither memory without bound nor anybody else's requests.</summary>
public sealed class SlowClientTests
{
    private const string Bucket = "slow";
    private const int ClientsEach = 1_000;

    /// <summary>What 4,000 connections may add: 150 KiB each.</summary>
    private const long GrowthKibMax = 4 * ClientsEach * 150;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_slow_clients_are_cut_off_within_a_fixed_memory_while_others_are_served()
    {
        await using var daemon = await S3Daemon.StartAsync(Ct);
        var s3 = new RawS3(daemon);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{Bucket}")).Status);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{Bucket}/large", new byte[8 << 20])).Status);
        await ServeOthersAsync(s3, "before");
        var before = daemon.MemoryKib("VmRSS");

        // Half a head; a head and no body; a body that stops; a body that trickles; an answer that nobody reads.
        var heads = await OpenAsync(s3, i => Encoding.ASCII.GetBytes($"PUT /{Bucket}/head{i} HTTP/1.1\r\nHost: a\r\nx-amz-meta-a: "), 0);
        var stalled = await OpenAsync(s3, i => s3.Head("PUT", $"/{Bucket}/stalled{i}", [], 8 << 20), 70_000);
        var trickling = await OpenAsync(s3, i => s3.Head("PUT", $"/{Bucket}/trickling{i}", [], 8 << 20), 100);
        var readers = await OpenAsync(s3, i => s3.Head("GET", $"/{Bucket}/large", [], 0), 0);
        using var trickle = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var drops = TrickleAsync(trickling, trickle.Token);
        await ServeOthersAsync(s3, "during");
        var growth = daemon.MemoryKib("VmHWM") - before;

        // Each ends by itself: without an answer, or with one that is no success.
        foreach (var socket in (IEnumerable<Socket>)[.. heads, .. stalled, .. trickling])
        {
            var answer = await RawS3.ReadAnswerAsync(socket);
            Assert.True(answer.Status is 0 or 408 || answer.Code == "RequestTimeout", $"{answer.Status} {answer.Text}");
        }

        TestContext.Current.SendDiagnosticMessage($"4 times {ClientsEach} slow clients added {growth / 1024} MiB to {before / 1024} MiB at first");
        await trickle.CancelAsync();
        await drops;
        await Eventually.HoldsAsync(() => Connections(daemon) < 20);
        foreach (var socket in readers)
            socket.Dispose();
        await ServeOthersAsync(s3, "after");
        var listed = (await s3.SendAsync("GET", $"/{Bucket}?list-type=2")).Text;
        Assert.DoesNotContain("stalled", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("trickling", listed, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(daemon.DataDirectory, "objects", "tmp")));
        growth = Math.Max(growth, daemon.MemoryKib("VmHWM") - before);
        TestContext.Current.SendDiagnosticMessage($"4 times {ClientsEach} slow clients added {growth / 1024} MiB to {before / 1024} MiB");
        Assert.True(growth < GrowthKibMax, $"slow clients added {growth / 1024} MiB to {before / 1024} MiB");
    }

    private static async Task<Socket[]> OpenAsync(RawS3 s3, Func<int, byte[]> head, int bodyBytes)
    {
        var sockets = new Socket[ClientsEach];
        var body = new byte[bodyBytes];
        await Parallel.ForAsync(0, ClientsEach, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Ct }, async (i, ct) =>
        {
            var socket = sockets[i] = await s3.ConnectAsync();
            socket.ReceiveBufferSize = 4_096;
            await socket.SendAsync(head(i), ct);
            await socket.SendAsync(body, ct);
        });
        return sockets;
    }

    private static async Task ServeOthersAsync(RawS3 s3, string when)
    {
        for (var i = 0; i < 20; i++)
        {
            var body = new byte[i % 2 == 0 ? 1_000 : 300_000];
            new Random(i).NextBytes(body);
            var put = await s3.SendAsync("PUT", $"/{Bucket}/other{i}", body);
            Assert.True(put.Status == 200, $"{when}: {put.Status} {put.Text}");
            Assert.Equal(body, (await s3.SendAsync("GET", $"/{Bucket}/other{i}")).Body);
        }
    }

    /// <summary>A byte a second from each that is still connected.</summary>
    private static async Task TrickleAsync(Socket[] sockets, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                foreach (var socket in sockets)
                    Drop(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // All are cut off.
        }
    }

    private static void Drop(Socket socket)
    {
        try
        {
            socket.Send("x"u8);
        }
        catch (SocketException)
        {
            // The server has closed it.
        }
    }

    /// <summary>Connections that the daemon holds on S3's port, by /proc/net/tcp.</summary>
    private static int Connections(S3Daemon daemon)
    {
        const string Established = "01", CloseWait = "08";
        var port = $":{daemon.EndPoint.Port:X4}";
        return File.ReadLines("/proc/net/tcp").Skip(1)
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(f => f[1].EndsWith(port, StringComparison.Ordinal) && f[3] is (Established or CloseWait));
    }
}
