using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

public sealed class NamespaceReconcilerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_namespace_goes_after_its_content_and_takes_nothing_of_others()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new NamespaceReconciler(world.Client));
        var ns = CoreKinds.Namespace.Key("", "p");
        await world.Client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "p" } }, Ct);
        await CreateAsync(world, "p", "plain", finalizer: null);
        await CreateAsync(world, "p", "held", finalizer: "skep.dev/test");
        await CreateAsync(world, "default", "other", finalizer: null);

        await world.Client.DeleteAsync(ns, Ct);
        var view = await RunningReconcilers.UntilAsync(world, v => v.Get(CoreKinds.ConfigMap.Key("p", "plain")) is null && v.Get(CoreKinds.ConfigMap.Key("p", "held"))?.Metadata.DeletionTimestamp is not null, Ct);
        Assert.Equal("Terminating", view.Get(ns)!.View(CoreKinds.Namespace).Status!.Phase);

        await world.Client.ModifyAsync(CoreKinds.ConfigMap, CoreKinds.ConfigMap.Key("p", "held"), c => { c.Metadata.Finalizers = null; return true; }, Ct);
        view = await RunningReconcilers.UntilAsync(world, v => v.Get(ns) is null, Ct);
        Assert.NotNull(view.Get(CoreKinds.ConfigMap.Key("default", "other")));
    }

    [Fact]
    public async Task An_empty_namespace_that_was_being_deleted_before_a_restart_goes_after_it()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await world.Client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "p" } }, Ct);
        await world.Client.DeleteAsync(CoreKinds.Namespace.Key("", "p"), Ct);
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new NamespaceReconciler(world.Client));
        await RunningReconcilers.UntilAsync(world, v => v.Get(CoreKinds.Namespace.Key("", "p")) is null, Ct);
    }

    private static Task CreateAsync(TestResources world, string ns, string name, string? finalizer) =>
        world.Client.CreateAsync(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = name, Namespace = ns, Finalizers = finalizer is null ? null : [finalizer] } }, Ct);
}
