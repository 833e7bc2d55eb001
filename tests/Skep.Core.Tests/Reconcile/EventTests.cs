using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

public sealed class EventTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_event_again_raises_its_count_and_another_one_is_another()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var about = await CreateAsync(world);
        using var recorder = await StartRecorderAsync(world);
        recorder.Warning(CoreKinds.ConfigMap, about, "Failed", "no space");
        recorder.Warning(CoreKinds.ConfigMap, about, "Failed", "no space");
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        recorder.Warning(CoreKinds.ConfigMap, about, "Failed", "no space");
        recorder.Normal(CoreKinds.ConfigMap, about, "Started", "it runs");
        var view = await RunningReconcilers.UntilAsync(world, v => v.List(CoreKinds.Event, "default").Any(e => e.Reason == "Started"), Ct);
        var failed = view.List(CoreKinds.Event, "default").Single(e => e.Reason == "Failed");
        Assert.Equal(("Warning", 3, "no space"), (failed.Type, failed.Count, failed.Message));
        Assert.Equal(TimeSpan.FromMinutes(1), failed.LastTimestamp - failed.FirstTimestamp);
        Assert.Equal(("ConfigMap", "a", about.Metadata.Uid), (failed.InvolvedObject.Kind, failed.InvolvedObject.Name, failed.InvolvedObject.Uid));
        await recorder.StopAsync(Ct);
    }

    [Fact]
    public async Task Recording_never_fails_its_caller_and_a_lost_event_does_not_stop_the_next()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var about = await CreateAsync(world);
        using var recorder = await StartRecorderAsync(world);
        recorder.Normal(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = "x", Namespace = "nowhere" } }, "Lost", "no such namespace");
        recorder.Normal(CoreKinds.Node, new Node { Metadata = { Name = "n", Uid = "1" } }, "Joined", "a cluster-scoped resource");
        recorder.Normal(CoreKinds.ConfigMap, about, "Long", new string('m', 5_000));
        var view = await RunningReconcilers.UntilAsync(world, v => v.Count(CoreKinds.Event.GroupResource) == 2, Ct);
        Assert.Equal(["Joined", "Long"], view.List(CoreKinds.Event, "default").Select(e => e.Reason!).Order());
        Assert.Equal(1_024, view.List(CoreKinds.Event, "default").Single(e => e.Reason == "Long").Message!.Length);
        for (var i = 0; i < 10_000; i++)
            recorder.Normal(CoreKinds.ConfigMap, about, "Many", $"event {i}");
        await recorder.StopAsync(Ct);
    }

    [Fact]
    public async Task Events_go_an_hour_after_they_were_last_seen()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await CreateEventAsync(world, "seen-once", world.Clock.GetUtcNow());
        await CreateEventAsync(world, "seen-again", world.Clock.GetUtcNow() + TimeSpan.FromMinutes(30));
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new EventExpiry(world.Client));
        // Two events' timers and the resync's.
        while (world.Clock.TimersWaiting < 3)
            await Task.Yield();
        world.Clock.Advance(TimeSpan.FromMinutes(60));
        var view = await RunningReconcilers.UntilAsync(world, v => v.Count(CoreKinds.Event.GroupResource) == 1, Ct);
        Assert.Equal("seen-again", view.List(CoreKinds.Event, "default").Single().Metadata.Name);
    }

    private static Task CreateEventAsync(TestResources world, string name, DateTimeOffset last) =>
        world.Client.CreateAsync(CoreKinds.Event, new Event { Metadata = { Name = name, Namespace = "default" }, LastTimestamp = last }, Ct);

    private static Task<ConfigMap> CreateAsync(TestResources world) =>
        world.Client.CreateAsync(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = "a", Namespace = "default" } }, Ct);

    private static async Task<EventRecorder> StartRecorderAsync(TestResources world)
    {
        var recorder = new EventRecorder(world.Client, NullLogger<EventRecorder>.Instance);
        await recorder.StartAsync(Ct);
        return recorder;
    }
}
