using System.Globalization;
using System.Security.Cryptography;
using Skep.Objects;
using Skep.Objects.Checksums;
using Skep.Objects.Embedded;

namespace Skep.Bench;

/// <summary>
/// The object store's engine, called directly, beside the practical ceiling in the same run: plain files that are written,
/// synced, renamed and whose directory is synced, and plain reads.
/// </summary>
internal static class ObjectStoreFigures
{
    private const string Bucket = "bench";
    private const int ListedKeys = 100_000;
    private static readonly TimeSpan _measured = TimeSpan.FromSeconds(4);
    private static readonly (string Name, int Bytes)[] _sizes = [("4 KiB", 4 << 10), ("32 KiB", 32 << 10), ("128 KiB", 128 << 10), ("1 MiB", 1 << 20), ("64 MiB", 64 << 20)];

    public static async Task RunAsync(string parent, string[] which, CancellationToken ct)
    {
        bool Wanted(string part) => which.Length == 0 || which.Contains(part);
        if (Wanted("checksum"))
            MeasureChecksums();
        foreach (var (name, bytes) in _sizes)
        {
            foreach (var clients in (int[])[1, 16])
            {
                if (Wanted("put"))
                {
                    await FilePutAsync(parent, name, bytes, clients);
                    foreach (var inline in bytes is > 4 << 10 and <= 128 << 10 ? (int[])[0, 128 << 10] : [new EmbeddedOptions { Directory = "" }.InlineBytesMax])
                        await PutAsync(parent, name, bytes, clients, inline, ct);
                }

                if (Wanted("get"))
                    await GetAsync(parent, name, bytes, clients, ct);
            }
        }

        if (Wanted("list"))
            await ListAsync(parent, ct);
        if (Wanted("delete"))
            await DeleteAsync(parent, ct);
    }

    private static async Task PutAsync(string parent, string name, int bytes, int clients, int inlineBytesMax, CancellationToken ct)
    {
        using var scratch = new ScratchDirectory(parent);
        await using var store = await OpenAsync(scratch, inlineBytesMax, ct);
        var body = Body(bytes);
        var keys = KeysFor(bytes);
        var (count, elapsed) = await RepeatAsync(clients, async (client, n) =>
            await store.PutAsync(new PutRequest { Bucket = Bucket, Key = $"c{client}/{n % keys:D6}", Body = new BodyClaims { LengthBytes = bytes } }, new MemoryStream(body), ct));
        Print($"put {name}, {clients} clients, {(bytes <= inlineBytesMax ? "in the database" : "in a file")}", count, bytes, elapsed);
    }

    private static async Task FilePutAsync(string parent, string name, int bytes, int clients)
    {
        using var scratch = new ScratchDirectory(parent);
        var directory = Directory.CreateDirectory(scratch.Combine("files")).FullName;
        var body = Body(bytes);
        var keys = KeysFor(bytes);
        var (count, elapsed) = await RepeatAsync(clients, (client, n) => Task.Run(() =>
        {
            var path = Path.Combine(directory, $"c{client}-{n % keys}");
            using (var file = File.OpenHandle(path + ".new", FileMode.Create, FileAccess.Write))
            {
                RandomAccess.Write(file, body, 0);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(path + ".new", path, overwrite: true);
            SyncDirectory(directory);
        }));
        Print($"put {name}, {clients} clients, plain file", count, bytes, elapsed);
    }

    private static async Task GetAsync(string parent, string name, int bytes, int clients, CancellationToken ct)
    {
        using var scratch = new ScratchDirectory(parent);
        await using var store = await OpenAsync(scratch, new EmbeddedOptions { Directory = "" }.InlineBytesMax, ct);
        var body = Body(bytes);
        var keys = Math.Min(KeysFor(bytes), 200);
        var directory = Directory.CreateDirectory(scratch.Combine("files")).FullName;
        for (var k = 0; k < keys; k++)
        {
            await store.PutAsync(new PutRequest { Bucket = Bucket, Key = $"{k}" }, new MemoryStream(body), ct);
            await File.WriteAllBytesAsync(Path.Combine(directory, $"{k}"), body, ct);
        }

        var buffers = Enumerable.Range(0, clients).Select(_ => new byte[Math.Min(bytes, 256 << 10)]).ToArray();
        var (count, elapsed) = await RepeatAsync(clients, (client, n) => Task.Run(() =>
        {
            using var file = File.OpenHandle(Path.Combine(directory, $"{n % keys}"));
            for (var offset = 0; offset < bytes;)
                offset += RandomAccess.Read(file, buffers[client], offset);
        }));
        Print($"get {name}, {clients} clients, plain file", count, bytes, elapsed);
        (count, elapsed) = await RepeatAsync(clients, (client, n) => Task.Run(async () =>
        {
            await using var reader = await store.OpenAsync(new ObjectAddress(Bucket, $"{n % keys}"), ct);
            for (var offset = 0; offset < bytes;)
                offset += await reader.ReadAsync(offset, buffers[client], ct);
        }));
        Print($"get {name}, {clients} clients, verified", count, bytes, elapsed);
    }

    private static async Task ListAsync(string parent, CancellationToken ct)
    {
        using var scratch = new ScratchDirectory(parent);
        await using var store = await OpenAsync(scratch, 4096, ct);
        await FillAsync(store, ct);
        foreach (var delimiter in (string[])["", "/"])
        {
            var time = TimeProvider.System;
            var start = time.GetTimestamp();
            var (found, pages) = (0, 0);
            string? after = null;
            do
            {
                var page = await store.ListAsync(new ListRequest { Bucket = Bucket, Delimiter = delimiter, StartAfter = after }, ct);
                found += page.Objects.Count + page.CommonPrefixes.Count;
                pages++;
                after = page.NextStartAfter;
            }
            while (after is not null);
            var elapsed = time.GetElapsedTime(start);
            Console.Out.WriteLine($"list {ListedKeys} keys, delimiter \"{delimiter}\": {elapsed.TotalMilliseconds:F1} ms for {found} entries in {pages} pages ({found / elapsed.TotalSeconds:F0}/s)");
        }
    }

    private static async Task DeleteAsync(string parent, CancellationToken ct)
    {
        using var scratch = new ScratchDirectory(parent);
        await using var store = await OpenAsync(scratch, 4096, ct);
        await FillAsync(store, ct);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        foreach (var keys in Keys().Chunk(1_000))
            await store.DeleteManyAsync(Bucket, [.. keys.Select(k => new DeleteRequest { Key = k })], ct);
        Console.Out.WriteLine($"delete {ListedKeys} objects, 1,000 a call: {ListedKeys / time.GetElapsedTime(start).TotalSeconds:F0} objects/s");
    }

    private static async Task FillAsync(EmbeddedBackend store, CancellationToken ct)
    {
        var start = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(Keys(), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = ct }, async (key, token) =>
            await store.PutAsync(new PutRequest { Bucket = Bucket, Key = key }, new MemoryStream([1]), token));
        Console.Out.WriteLine($"put {ListedKeys} objects of 1 byte, 64 clients: {ListedKeys / TimeProvider.System.GetElapsedTime(start).TotalSeconds:F0} objects/s");
    }

    private static IEnumerable<string> Keys() => Enumerable.Range(0, ListedKeys).Select(i => $"{i / 100:D4}/{i:D6}");

    private static void MeasureChecksums()
    {
        var body = Body(1 << 20);
        foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
        {
            using var hasher = ChecksumHasher.Create(algorithm);
            Measure($"{algorithm}", () => hasher.Append(body));
        }

        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        Measure("MD5", () => md5.AppendData(body));

        static void Measure(string name, Action action)
        {
            var time = TimeProvider.System;
            for (var i = 0; i < 50; i++)
                action();
            var start = time.GetTimestamp();
            var count = 0;
            for (; time.GetElapsedTime(start) < TimeSpan.FromSeconds(0.5); count++)
                action();
            Console.Out.WriteLine($"checksum {name}: {count / time.GetElapsedTime(start).TotalSeconds:F0} MiB/s");
        }
    }

    private static async Task<EmbeddedBackend> OpenAsync(ScratchDirectory scratch, int inlineBytesMax, CancellationToken ct)
    {
        var store = await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = scratch.Combine("store"), InlineBytesMax = inlineBytesMax }, TimeProvider.System, ct);
        await store.CreateBucketAsync(Bucket, "bench", ct);
        return store;
    }

    /// <summary>How many keys a client writes in turn: so that the disk does not fill up.</summary>
    private static int KeysFor(int bytes) => bytes > 1 << 20 ? 2 : bytes > 128 << 10 ? 20 : 2_000;

    private static byte[] Body(int bytes)
    {
        var body = new byte[bytes];
        new Random(1).NextBytes(body);
        return body;
    }

    private static async Task<(long Count, TimeSpan Elapsed)> RepeatAsync(int clients, Func<int, long, Task> action)
    {
        var time = TimeProvider.System;
        for (var client = 0; client < clients; client++)
            await action(client, 0);
        var start = time.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var n = 0L;
            while (time.GetElapsedTime(start) < _measured)
                await action(client, ++n);
            return n;
        })));
        return (counts.Sum(), time.GetElapsedTime(start));
    }

    private static void Print(string what, long count, int bytes, TimeSpan elapsed) =>
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {count / elapsed.TotalSeconds:F0}/s, {count * (double)bytes / (1 << 20) / elapsed.TotalSeconds:F1} MiB/s"));

    private static void SyncDirectory(string path)
    {
        // .NET opens no directories as files; the system's own call does.
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(NativeDirectory.Open(path, NativeDirectory.ReadOnly), ownsHandle: true);
        NativeDirectory.FSync(handle);
    }
}
