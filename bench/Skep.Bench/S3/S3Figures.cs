using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Bench.S3;

/// <summary>
/// The S3 port beside Ceph's gateway, OpenStack Swift's S3 API and nginx in the same run, by the same load generator: throughput,
/// latency, the server's processor time and memory.
/// </summary>
internal static class S3Figures
{
    private const string Bucket = "bench";
    private const int PortBase = 26_100;
    private const int DeletedAtOnce = 1_000;
    private const int PartBytes = 64 << 20;
    private const int UploadsAtOnce = 64;

    /// <summary>How long after much work the memory is read again.</summary>
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(30);

    private static readonly (string Name, int Bytes)[] _sizes = [("4 KiB", 4 << 10), ("1 MiB", 1 << 20), ("64 MiB", 64 << 20)];
    private static readonly byte[] _body = MakeBody();

    /// <param name="parent">Where data goes.</param>
    /// <param name="servers">Of skep, uploads (Skep's memory under many at once), nginx, swift, ceph; none for all.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task RunAsync(string parent, string[] servers, CancellationToken ct)
    {
        var seconds = TimeSpan.FromSeconds(Setting("SKEP_BENCH_S3_SECONDS", 4));
        var keys = Setting("SKEP_BENCH_S3_KEYS", 100_000);
        var multipartMib = Setting("SKEP_BENCH_S3_MULTIPART_MIB", 1_024);
        var wanted = servers.Length == 0 ? ["skep", "uploads", "nginx", "swift", "ceph"] : servers;
        for (var i = 0; i < wanted.Length; i++)
        {
            using var scratch = new ScratchDirectory(parent);
            try
            {
                await using var server = await StartAsync(wanted[i], scratch.Combine(wanted[i]), PortBase + (i * 100), ct);
                Console.Out.WriteLine($"{server.Name}: load average {await File.ReadAllTextAsync("/proc/loadavg", ct)}".TrimEnd());
                if (wanted[i] == "uploads")
                    await UploadsAsync(server, ct);
                else
                    await MeasureAsync(server, wanted[i] != "nginx", seconds, keys, multipartMib, ct);
            }
            catch (Exception ex) when (ex is InvalidOperationException or InvalidDataException)
            {
                await Console.Error.WriteLineAsync($"{wanted[i]}: {ex.Message}");
            }
        }
    }

    private static async Task<S3Server> StartAsync(string name, string directory, int port, CancellationToken ct)
    {
        var scripts = Path.Combine(DaemonProcess.FindCheckout(), "bench", "peers");
        var ceph = Environment.GetEnvironmentVariable("SKEP_BENCH_CEPH") ?? Path.Combine(DaemonProcess.FindCheckout(), "tests", "Skep.S3.SystemTests", "ceph-rgw.sh");
        return name switch
        {
            "skep" or "uploads" => await S3Server.StartSkepAsync(directory, port, ct),
            "nginx" => await S3Server.StartPeerAsync("nginx", Path.Combine(scripts, "nginx.sh"), directory, port, ct),
            "swift" => await S3Server.StartPeerAsync("Swift", Path.Combine(scripts, "swift.sh"), directory, port, ct),
            "ceph" => await S3Server.StartPeerAsync("Ceph RGW", ceph, directory, port, ct),
            _ => throw new InvalidOperationException("not one of skep, uploads, ceph, swift, nginx"),
        };
    }

    private static async Task MeasureAsync(S3Server server, bool isS3, TimeSpan seconds, int keys, int multipartMib, CancellationToken ct)
    {
        if (isS3)
            await MakeBucketAsync(server, ct);
        foreach (var (name, bytes) in _sizes)
        {
            var body = _body.AsMemory(0, bytes);
            var kept = bytes > 1 << 20 ? 1 : bytes > 4 << 10 ? 20 : 1_000;
            foreach (var clients in (int[])[1, 16])
            {
                await RepeatAsync(server, $"put {name}", clients, bytes, seconds, (c, client, n) => c.SendAsync("PUT", $"/{Bucket}/c{client}-{n % kept}", body, [], ct));
                await RepeatAsync(server, $"get {name}", clients, bytes, seconds, (c, client, n) => c.SendAsync("GET", $"/{Bucket}/c{client}-0", default, [], ct));
            }
        }

        if (!isS3)
            return;
        await MultipartAsync(server, multipartMib, ct);
        await ListAndDeleteAsync(server, keys, ct);
    }

    private static Task MakeBucketAsync(S3Server server, CancellationToken ct) => OnceAsync(server, c => c.SendAsync("PUT", $"/{Bucket}", default, [], ct));

    private static async Task MultipartAsync(S3Server server, int mib, CancellationToken ct)
    {
        var parts = Math.Max(1, mib / (PartBytes >> 20));
        var body = _body.AsMemory(0, PartBytes);
        await TimedAsync(server, $"multipart upload of {parts * (PartBytes >> 20)} MiB, 4 clients", (long)parts * PartBytes, async () =>
        {
            var upload = (await OnceAsync(server, c => c.SendAsync("POST", $"/{Bucket}/parts?uploads=", default, [], ct))).Element("UploadId");
            var tags = new string[parts];
            await Parallel.ForAsync(0, parts, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = ct }, async (i, _) =>
                tags[i] = (await OnceAsync(server, c => c.SendAsync("PUT", $"/{Bucket}/parts?partNumber={i + 1}&uploadId={upload}", body, [], ct))).Header("ETag"));
            var document = $"<CompleteMultipartUpload>{string.Concat(tags.Select((t, i) => $"<Part><PartNumber>{i + 1}</PartNumber><ETag>{t}</ETag></Part>"))}</CompleteMultipartUpload>";
            await OnceAsync(server, c => c.SendAsync("POST", $"/{Bucket}/parts?uploadId={upload}", Encoding.ASCII.GetBytes(document), [], ct));
        });
    }

    private static async Task ListAndDeleteAsync(S3Server server, int keys, CancellationToken ct)
    {
        const string ListBucket = "bench-list";
        await OnceAsync(server, c => c.SendAsync("PUT", $"/{ListBucket}", default, [], ct));
        var names = Enumerable.Range(0, keys).Select(i => $"{i / 100:D4}-{i:D6}").ToArray();
        await TimedAsync(server, $"put {keys} objects of 1 byte, 16 clients", keys, async () =>
        {
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
                async () =>
                {
                    using var connection = new S3Connection(server.EndPoint, server.Credentials);
                    for (int i; (i = Interlocked.Increment(ref next)) < keys;)
                        Check(await connection.SendAsync("PUT", $"/{ListBucket}/{names[i]}", _body.AsMemory(0, 1), [], ct));
                },
                ct)));
        });
        await TimedAsync(server, $"list {keys} keys", keys, async () =>
        {
            using var connection = new S3Connection(server.EndPoint, server.Credentials);
            var found = 0;
            for (var token = ""; ;)
            {
                var page = Check(await connection.SendAsync("GET", $"/{ListBucket}?{(token.Length > 0 ? $"continuation-token={Uri.EscapeDataString(token)}&" : "")}list-type=2", default, [], ct));
                found += page.Text.Split("<Key>").Length - 1;
                if (page.Element("IsTruncated") != "true")
                    break;
                token = page.Element("NextContinuationToken");
            }

            if (found != keys)
                throw new InvalidDataException($"{server.Name} lists {found} of {keys} keys");
        });
        await TimedAsync(server, $"delete {keys} objects, {DeletedAtOnce} a request", keys, async () =>
        {
            using var connection = new S3Connection(server.EndPoint, server.Credentials);
            foreach (var chunk in names.Chunk(DeletedAtOnce))
            {
                var document = Encoding.ASCII.GetBytes($"<Delete><Quiet>true</Quiet>{string.Concat(chunk.Select(k => $"<Object><Key>{k}</Key></Object>"))}</Delete>");
                Check(await connection.SendAsync("POST", $"/{ListBucket}?delete=", document, [new("Content-MD5", Convert.ToBase64String(MD5.HashData(document)))], ct));
            }
        });
    }

    /// <summary>Memory under many large uploads at once.</summary>
    private static async Task UploadsAsync(S3Server server, CancellationToken ct)
    {
        await MakeBucketAsync(server, ct);
        var before = server.RssMib;
        var highest = before;
        using var stop = new CancellationTokenSource();
        var watch = Task.Run(
            async () =>
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(ct))
                    highest = Math.Max(highest, server.RssMib);
            },
            ct);
        var body = _body.AsMemory(0, 64 << 20);
        await TimedAsync(server, $"{UploadsAtOnce} uploads of 64 MiB at once", UploadsAtOnce * (long)body.Length, () =>
            Task.WhenAll(Enumerable.Range(0, UploadsAtOnce).Select(i => Task.Run(() => OnceAsync(server, c => c.SendAsync("PUT", $"/{Bucket}/upload{i}", body, [], ct)), ct))));
        await stop.CancelAsync();
        await watch;
        await Task.Delay(_calm, TimeProvider.System, ct);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{server.Name}: {UploadsAtOnce} uploads of 64 MiB at once: {before:F0} MiB resident before, {highest:F0} MiB at most meanwhile, {server.RssMib:F0} MiB {_calm.TotalSeconds} s later"));
    }

    private static async Task RepeatAsync(S3Server server, string what, int clients, int bytes, TimeSpan seconds, Func<S3Connection, int, long, Task<S3Reply>> action)
    {
        var time = TimeProvider.System;
        var latencies = new List<double>[clients];
        var refused = 0;
        var cpu = server.CpuTime;
        var start = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            using var connection = new S3Connection(server.EndPoint, server.Credentials);
            var mine = latencies[client] = [];
            // Object 0 first, which every get reads; at least once, however slow the server.
            do
            {
                var begin = time.GetTimestamp();
                try
                {
                    var reply = await action(connection, client, mine.Count);
                    if (reply.Status >= 500)
                        Interlocked.Increment(ref refused); // more than it can do
                    else
                        Check(reply);
                }
                catch (Exception ex) when (ex is InvalidDataException or SocketException)
                {
                    Interlocked.Increment(ref refused); // cut off in the middle
                    connection.Dispose();
                }

                mine.Add(time.GetElapsedTime(begin).TotalMilliseconds);
            }
            while (time.GetElapsedTime(start) < seconds);
        })));
        var elapsed = time.GetElapsedTime(start).TotalSeconds;
        cpu = server.CpuTime - cpu;
        var all = latencies.SelectMany(l => l).Order().ToArray();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{server.Name}: {what}, {clients} clients: {all.Length / elapsed:F0}/s, {all.Length * (double)bytes / (1 << 20) / elapsed:F1} MiB/s, p50 {all[all.Length / 2]:F1} ms, p99 {all[all.Length * 99 / 100]:F1} ms, cpu {cpu.TotalSeconds:F1} s ({cpu.TotalMilliseconds / all.Length:F2} ms each), {server.RssMib:F0} MiB resident{(refused > 0 ? $"; {refused} of {all.Length} refused" : "")}"));
    }

    private static async Task TimedAsync(S3Server server, string what, long units, Func<Task> action)
    {
        var cpu = server.CpuTime;
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            await action();
        }
        catch (Exception ex) when (ex is InvalidOperationException or InvalidDataException)
        {
            Console.Out.WriteLine($"{server.Name}: {what}: {ex.Message}");
            return;
        }

        var elapsed = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var rate = units > 1 << 24 ? $"{units / (double)(1 << 20) / elapsed:F0} MiB/s" : $"{units / elapsed:F0}/s";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{server.Name}: {what}: {elapsed:F2} s, {rate}, cpu {(server.CpuTime - cpu).TotalSeconds:F1} s, {server.RssMib:F0} MiB resident"));
    }

    private static async Task<S3Reply> OnceAsync(S3Server server, Func<S3Connection, Task<S3Reply>> action)
    {
        using var connection = new S3Connection(server.EndPoint, server.Credentials);
        return Check(await action(connection));
    }

    private static S3Reply Check(S3Reply reply) =>
        reply.Status is >= 200 and < 300 ? reply : throw new InvalidOperationException($"an answer of status {reply.Status}: {reply.Text}");

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static byte[] MakeBody()
    {
        var body = new byte[64 << 20];
        new Random(1).NextBytes(body);
        return body;
    }
}
