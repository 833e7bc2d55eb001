using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Hosting;
using Skep.Objects;

namespace Skep.S3.Tests;

/// <summary>The room's store in a directory of the test's, which can be closed and opened again.</summary>
internal sealed class StoreWorld : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-s3-store-").FullName;

    private StoreWorld(TimeProvider time)
    {
        Time = time;
        Options = new SkepOptions { DataDirectory = _directory, NodeName = "node", HostPrefix = "skt" };
        Host = NewHost();
    }

    public TimeProvider Time { get; }

    public SkepOptions Options { get; }

    public ObjectStoreHost Host { get; private set; }

    public IObjectBackend Store => Host.Backend;

    public static async Task<StoreWorld> OpenAsync(TimeProvider time, CancellationToken ct)
    {
        var world = new StoreWorld(time);
        await world.Host.StartAsync(ct);
        return world;
    }

    /// <summary>Closes the store and opens it again, as a restart of the daemon does.</summary>
    public async Task ReopenAsync(CancellationToken ct)
    {
        await Host.StopAsync(ct);
        Host = NewHost();
        await Host.StartAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync(CancellationToken.None);
        Directory.Delete(_directory, recursive: true);
    }

    private ObjectStoreHost NewHost() => new(Options, new S3Options(), Time, NullLogger<ObjectStoreHost>.Instance);
}
