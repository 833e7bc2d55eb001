using System.Net.Sockets;
using Skep.Blocks.Nbd;
using Skep.Blocks.SystemTests.Nbd;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>A log-structured volume in a directory, and the program that serves it.</summary>
internal sealed class LogServeFixture : IAsyncDisposable
{
    public const string Volume = "disk";

    private readonly List<NbdServe> _servers = [];
    private readonly List<IBlockDevice> _connections = [];

    public LogServeFixture()
    {
        Root = Directory.CreateTempSubdirectory("skep-log-").FullName;
        Store = Path.Combine(Root, "store");
        Local = Path.Combine(Root, "local");
    }

    public string Root { get; }

    /// <summary>The object store's directory.</summary>
    public string Store { get; set; }

    /// <summary>Log and cache of the first server.</summary>
    public string Local { get; set; }

    /// <summary>More options of the server.</summary>
    public string[] Options { get; set; } = [];

    public bool IsEncrypted { get; init; }

    public bool IsCompressed { get; init; }

    private string Keys => Path.Combine(Root, "keys.json");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async Task CreateAsync(string size)
    {
        Directory.CreateDirectory(Store);
        string[] options = [.. IsEncrypted ? ["--encrypt", "--keys", Keys] : Array.Empty<string>(), .. IsCompressed ? ["--compress"] : Array.Empty<string>()];
        await Tool.RunAsync(NbdServe.ProgramPath(), ["blocks", "create", Volume, "--store", $"file://{Store}", "--size", size, .. options]);
    }

    /// <summary>What the server is started with.</summary>
    public string[] Arguments(string socket, string local, string logSize, string cacheSize) =>
        [$"log:{Volume}", "--socket", Path.Combine(Root, socket), "--store", $"file://{Store}", "--directory", local, "--log-size", logSize, "--cache-size", cacheSize,
            .. IsEncrypted ? ["--keys", Keys] : Array.Empty<string>(), .. Options];

    public Task<NbdServe> ServeAsync(string logSize = "64M", string cacheSize = "16M") => ServeAsync("s", Local, logSize, cacheSize);

    public async Task<NbdServe> ServeAsync(string socket, string local, string logSize, string cacheSize)
    {
        var server = await NbdServe.StartAsync(1, Arguments(socket, local, logSize, cacheSize));
        _servers.Add(server);
        return server;
    }

    /// <summary>Tries to serve it, which is expected to fail.</summary>
    public Task<(int Code, string Output)> TryServeAsync() =>
        Tool.TryAsync(NbdServe.ProgramPath(), ["nbd", "serve", .. Arguments("s", Local, "64M", "16M")]);

    public async Task<IBlockDevice> ConnectAsync(string socket = "s")
    {
        var options = new NbdClientOptions { EndPoint = new UnixDomainSocketEndPoint(Path.Combine(Root, socket)), ExportName = Volume, MetaContexts = ["base:allocation"] };
        var device = new NbdClientDevice(await NbdClient.ConnectAsync(options, TimeProvider.System, Ct));
        _connections.Add(device);
        return device;
    }

    public async Task<IReadOnlyList<IBlockDevice>> ConnectAsync(int count)
    {
        var connections = new IBlockDevice[count];
        for (var i = 0; i < count; i++)
            connections[i] = await ConnectAsync();
        return connections;
    }

    /// <summary>Ends every connection and server.</summary>
    public async Task StopAllAsync()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync();
        Directory.Delete(Root, recursive: true);
    }
}
