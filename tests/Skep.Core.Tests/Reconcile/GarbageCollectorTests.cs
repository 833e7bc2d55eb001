using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

public sealed class GarbageCollectorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dependents_go_after_their_owner_down_to_the_last_generation()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var owner = await CreateAsync(world, "owner");
        var child = await CreateAsync(world, "child", Reference(owner));
        await CreateAsync(world, "grandchild", Reference(child));
        await CreateAsync(world, "stranger");
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await world.Client.DeleteAsync(Key("owner"), Ct);
        var view = await UntilGoneAsync(world, "grandchild");
        Assert.Null(view.Get(Key("child")));
        Assert.NotNull(view.Get(Key("stranger")));
    }

    [Fact]
    public async Task A_dependent_stays_while_one_owner_is_left_and_forgets_the_others()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var first = await CreateAsync(world, "first");
        var second = await CreateAsync(world, "second");
        await CreateAsync(world, "child", Reference(first), Reference(second));
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await world.Client.DeleteAsync(Key("first"), Ct);
        var view = await RunningReconcilers.UntilAsync(world, v => v.Get(Key("child"))?.Metadata.OwnerReferences?.Count == 1, Ct);
        Assert.Equal(second.Metadata.Uid, view.Get(Key("child"))!.Metadata.OwnerReferences![0].Uid);
    }

    [Fact]
    public async Task An_owner_that_was_made_anew_under_the_old_name_does_not_count()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var old = await CreateAsync(world, "owner");
        await world.Client.DeleteAsync(Key("owner"), Ct);
        await CreateAsync(world, "owner");
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await CreateAsync(world, "child", Reference(old));
        await UntilGoneAsync(world, "child");
        Assert.NotNull(world.Client.View.Get(Key("owner")));
    }

    [Fact]
    public async Task An_owner_in_another_namespace_is_no_owner()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await world.Client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "other" } }, Ct);
        var foreign = await world.Client.CreateAsync(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = "owner", Namespace = "other" } }, Ct);
        await CreateAsync(world, "child", Reference(foreign));
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await UntilGoneAsync(world, "child");
    }

    [Fact]
    public async Task An_owner_of_an_unknown_kind_is_given_the_benefit_of_the_doubt()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await CreateAsync(world, "kept", new OwnerReference { ApiVersion = "new.dev/v1", Kind = "Thing", Name = "t", Uid = "1" });
        var owner = await CreateAsync(world, "owner");
        await CreateAsync(world, "child", Reference(owner));
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await world.Client.DeleteAsync(Key("owner"), Ct);
        Assert.NotNull((await UntilGoneAsync(world, "child")).Get(Key("kept")));
    }

    [Fact]
    public async Task A_cluster_scoped_owner_may_have_dependents_in_any_namespace()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var node = await world.Client.CreateAsync(CoreKinds.Node, new Node { Metadata = { Name = "n" } }, Ct);
        await CreateAsync(world, "child", new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n", Uid = node.Metadata.Uid! });
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await world.Client.DeleteAsync(CoreKinds.Node.Key("", "n"), Ct);
        await UntilGoneAsync(world, "child");
    }

    [Fact]
    public async Task Foreground_deletion_holds_the_owner_until_blocking_dependents_are_gone()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var owner = await CreateAsync(world, "owner");
        var child = await CreateAsync(world, "child", Reference(owner, blocks: true));
        await CreateAsync(world, "grandchild", Reference(child, blocks: true));
        await HoldAsync(world, "grandchild");
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await DeleteAsync(world, "owner", DeletePropagation.Foreground);
        var view = await RunningReconcilers.UntilAsync(world, v => v.Get(Key("grandchild"))?.Metadata.DeletionTimestamp is not null, Ct);
        Assert.NotNull(view.Get(Key("owner")));
        Assert.NotNull(view.Get(Key("child")));

        await world.Client.ModifyAsync(CoreKinds.ConfigMap, Key("grandchild"), c => { c.Metadata.Finalizers = null; return true; }, Ct);
        view = await UntilGoneAsync(world, "owner");
        Assert.Null(view.Get(Key("child")));
        Assert.Null(view.Get(Key("grandchild")));
    }

    [Fact]
    public async Task Foreground_deletion_does_not_wait_for_dependents_that_do_not_block()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var owner = await CreateAsync(world, "owner");
        await CreateAsync(world, "child", Reference(owner));
        await HoldAsync(world, "child");
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await DeleteAsync(world, "owner", DeletePropagation.Foreground);
        var view = await UntilGoneAsync(world, "owner");
        Assert.NotNull(view.Get(Key("child")));
    }

    [Fact]
    public async Task Orphaned_dependents_stay_without_their_reference()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var owner = await CreateAsync(world, "owner");
        await CreateAsync(world, "child", Reference(owner));
        await using var running = await RunningReconcilers.StartAsync(world, Ct, new GarbageCollector(world.Client));
        await DeleteAsync(world, "owner", DeletePropagation.Orphan);
        var view = await UntilGoneAsync(world, "owner");
        Assert.Null(view.Get(Key("child"))!.Metadata.OwnerReferences);
    }

    private static ResourceKey Key(string name) => CoreKinds.ConfigMap.Key("default", name);

    private static Task<ConfigMap> CreateAsync(TestResources world, string name, params OwnerReference[] owners) =>
        world.Client.CreateAsync(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = name, Namespace = "default", OwnerReferences = owners.Length == 0 ? null : [.. owners] } }, Ct);

    private static OwnerReference Reference(ConfigMap owner, bool blocks = false) =>
        new() { ApiVersion = "v1", Kind = "ConfigMap", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid!, BlockOwnerDeletion = blocks };

    private static Task HoldAsync(TestResources world, string name) =>
        world.Client.ModifyAsync(CoreKinds.ConfigMap, Key(name), c => { c.Metadata.Finalizers = ["skep.dev/test"]; return true; }, Ct);

    private static async Task DeleteAsync(TestResources world, string name, DeletePropagation propagation)
    {
        var transaction = world.Client.Begin();
        transaction.Delete(Key(name), DeleteOptions.Background with { Propagation = propagation });
        await transaction.CommitAsync(Ct);
    }

    private static Task<View> UntilGoneAsync(TestResources world, string name) => RunningReconcilers.UntilAsync(world, v => v.Get(Key(name)) is null, Ct);
}
