using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Testing;

/// <summary>A resource model in memory with a test clock, seeded ids, and the namespace "default".</summary>
public sealed class TestResources : IAsyncDisposable
{
    private TestResources(ResourceClient client, TestClock clock)
    {
        Client = client;
        Clock = clock;
    }

    public ResourceClient Client { get; }
    public TestClock Clock { get; }
    public ResourceStore Store => Client.Store;

    /// <summary>Makes one that knows Core's kinds and those given.</summary>
    public static async Task<TestResources> CreateAsync(IEnumerable<Kind> kinds, CancellationToken ct)
    {
        var clock = new TestClock();
        var store = await ResourceStore.OpenAsync(new MemoryLog(), ct);
        var client = new ResourceClient(store, new KindRegistry([.. CoreKinds.All, .. kinds]), clock, SeededIds(1));
        await client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "default" } }, ct);
        return new TestResources(client, clock);
    }

    /// <summary>Ids that are the same in every run.</summary>
    public static IIdSource SeededIds(int seed)
    {
        var random = new Random(seed);
        var gate = new Lock();
        return new RandomIdSource(bytes =>
        {
            lock (gate)
                random.NextBytes(bytes);
        });
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
