using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Skep.Blocks.Stores;
using Skep.Core.Identity;
using Skep.Storage.Stores;

namespace Skep.Storage.SystemTests;

/// <summary>The S3 client against moto's S3, a server written by others.</summary>
public sealed class MotoTests : IAsyncLifetime
{
    private static readonly IEnumerable<string> _pythons =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, "python3")).Where(File.Exists);

    private Process? _moto;
    private S3ObjectStore? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var python = _pythons.FirstOrDefault(HasMoto);
        if (python is null)
            return;
        int port;
        using (var listener = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        }

        _moto = Process.Start(new ProcessStartInfo(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        // It says on which address it runs, on the standard error, once it does.
        while (await _moto.StandardError.ReadLineAsync(Ct) is { } line && !line.Contains("Running on", StringComparison.Ordinal))
        {
        }

        _ = _moto.StandardError.ReadToEndAsync(CancellationToken.None);
        using var client = new HttpClient();
        (await client.PutAsync(new Uri($"http://127.0.0.1:{port}/blocks"), content: null, Ct)).EnsureSuccessStatusCode();
        _store = ObjectStores.OpenS3($"s3://blocks/a?endpoint=http://127.0.0.1:{port}", () => new SigV4Credentials("key", "secret", SessionToken: null), TimeProvider.System);
    }

    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        _moto?.Kill();
        _moto?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Keeps_the_promises_that_the_engine_relies_on()
    {
        var store = Require();
        Assert.Empty(await store.ProbeAsync(new Random(1), Ct));
    }

    [Fact]
    public async Task Stores_reads_lists_and_deletes()
    {
        var store = Require();
        var content = new byte[3_000_000];
        new Random(2).NextBytes(content);
        Assert.True(await store.PutAsync("x/1", [content.AsMemory(0, 1_000_000), content.AsMemory(1_000_000)], PutCondition.IfAbsent, Ct));
        Assert.True(await store.PutAsync("x/2", [], PutCondition.None, Ct));
        var part = new byte[500_000];
        await store.GetAsync("x/1", 900_000, part, Ct);
        Assert.True(content.AsSpan(900_000, part.Length).SequenceEqual(part));
        Assert.Equal(0, await store.FindAsync("x/2", Ct));
        Assert.Null(await store.FindAsync("x/3", Ct));
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.GetAsync("x/1", content.Length - 1, part, Ct));
        Assert.Equal(ObjectStoreError.Short, failure.Error);
        Assert.Equal([("x/1", 3_000_000L), ("x/2", 0L)], await ListAsync(store));
        await store.DeleteAsync("x/1", Ct);
        await store.DeleteAsync("x/1", Ct);
        Assert.Equal([("x/2", 0L)], await ListAsync(store));
    }

    private static async Task<List<(string, long)>> ListAsync(S3ObjectStore store)
    {
        var found = new List<(string, long)>();
        await foreach (var item in store.ListAsync("x/", after: null, Ct))
            found.Add((item.Key, item.LengthBytes));
        return found;
    }

    private S3ObjectStore Require()
    {
        if (_store is null)
            Assert.Skip("Python's moto with its server is not installed");
        return _store;
    }

    private static bool HasMoto(string python)
    {
        using var process = Process.Start(new ProcessStartInfo(python, ["-c", "import moto.server, flask"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
