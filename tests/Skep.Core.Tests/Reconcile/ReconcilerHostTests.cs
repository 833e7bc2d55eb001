using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

public sealed class ReconcilerHostTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Looks_at_what_exists_then_at_what_changes_and_tries_failures_again()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await CreateAsync(world, "old");
        var reconciler = new Recorder { FailuresOf = { ["new"] = 2 } };
        using var host = new ReconcilerHost(reconciler, world.Store, world.Clock, NullLogger<ReconcilerHost>.Instance);
        await host.StartAsync(Ct);
        Assert.Equal("old", await reconciler.NextAsync(Ct));
        await CreateAsync(world, "new");
        Assert.Equal("new", await reconciler.NextAsync(Ct));
        for (var i = 0; i < 2; i++)
        {
            // The resync timer is always there; a second one is the back-off.
            while (world.Clock.TimersWaiting < 2)
                await Task.Yield();
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("new", await reconciler.NextAsync(Ct));
        }

        await host.StopAsync(Ct);
        Assert.Equal(0, world.Clock.TimersWaiting);
    }

    [Fact]
    public async Task One_resource_that_cannot_be_read_does_not_hide_the_others()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var reconciler = new Recorder { Unreadable = "bad" };
        using var host = new ReconcilerHost(reconciler, world.Store, world.Clock, NullLogger<ReconcilerHost>.Instance);
        await host.StartAsync(Ct);
        await CreateAsync(world, "bad");
        await CreateAsync(world, "good");
        Assert.Equal("good", await reconciler.NextAsync(Ct));
        await host.StopAsync(Ct);
    }

    [Fact]
    public async Task What_a_resource_referred_to_before_a_change_is_concerned_too()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await CreateAsync(world, "a", "before");
        var reconciler = new Recorder();
        using var host = new ReconcilerHost(reconciler, world.Store, world.Clock, NullLogger<ReconcilerHost>.Instance);
        await host.StartAsync(Ct);
        Assert.Equal("before", await reconciler.NextAsync(Ct));
        await world.Client.ModifyAsync(CoreKinds.ConfigMap, CoreKinds.ConfigMap.Key("default", "a"), c => { c.Data!["refers"] = "after"; return true; }, Ct);
        Assert.Equal(["after", "before"], new[] { await reconciler.NextAsync(Ct), await reconciler.NextAsync(Ct) }.Order());
        await host.StopAsync(Ct);
    }

    private static Task CreateAsync(TestResources world, string name, string? refers = null) =>
        world.Client.CreateAsync(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = name, Namespace = "default" }, Data = new() { ["refers"] = refers ?? name } }, Ct);

    /// <summary>Reconciles the names that config maps refer to, by writing them down.</summary>
    private sealed class Recorder : IReconciler
    {
        private readonly System.Threading.Channels.Channel<string> _seen = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public ConcurrentDictionary<string, int> FailuresOf { get; } = new(StringComparer.Ordinal);

        public string? Unreadable { get; init; }

        public string Name => "recorder";

        public IReadOnlyList<GroupResource> Watches => [CoreKinds.ConfigMap.GroupResource];

        public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
        {
            if (changed.Key.Name == Unreadable)
                throw new InvalidOperationException("unreadable");
            return [CoreKinds.ConfigMap.Key("default", changed.View(CoreKinds.ConfigMap).Data!["refers"])];
        }

        public Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
        {
            _seen.Writer.TryWrite(key.Name);
            if (FailuresOf.TryGetValue(key.Name, out var left) && left > 0)
            {
                FailuresOf[key.Name] = left - 1;
                throw new InvalidOperationException("not yet");
            }

            return Task.FromResult<TimeSpan?>(null);
        }

        public ValueTask<string> NextAsync(CancellationToken ct) => _seen.Reader.ReadAsync(ct);
    }
}
