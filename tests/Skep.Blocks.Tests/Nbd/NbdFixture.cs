using System.Net.Sockets;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>A running server on a Unix socket of its own.</summary>
internal sealed class NbdFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("nbd").FullName;
    private readonly Task _running;

    public NbdFixture(INbdExports exports, NbdServerOptions? options = null, TimeProvider? time = null)
    {
        var given = options ?? new NbdServerOptions();
        Server = new NbdServer(exports, given with { SessionEnded = end => { Ended(end); given.SessionEnded?.Invoke(end); } }, time ?? TimeProvider.System);
        SocketPath = Path.Combine(_directory, "s");
        Server.BindUnix(SocketPath);
        _running = Server.RunAsync(_stop.Token);
    }

    public NbdFixture(IBlockDevice device, NbdServerOptions? options = null, TimeProvider? time = null)
        : this(new NbdExportTable(new NbdExport("disk", device) { Description = "a disk" }), options, time)
    {
    }

    public NbdServer Server { get; }

    public string SocketPath { get; }

    /// <summary>The ends of connections, oldest first.</summary>
    public List<NbdSessionEnd> Ends { get; } = [];

    public NbdClientOptions ClientOptions => new() { EndPoint = new UnixDomainSocketEndPoint(SocketPath) };

    public Task<NbdClient> ConnectAsync(NbdClientOptions? options = null) =>
        NbdClient.ConnectAsync(options ?? ClientOptions, TimeProvider.System, TestContext.Current.CancellationToken);

    public Task<RawNbdClient> ConnectRawAsync() => RawNbdClient.ConnectAsync(SocketPath);

    /// <summary>Asks the server to end, and waits for it.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Server.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Ended(NbdSessionEnd end)
    {
        lock (Ends)
            Ends.Add(end);
    }
}
