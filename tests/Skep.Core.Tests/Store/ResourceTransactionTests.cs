using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Store;

public sealed class ResourceTransactionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_status_write_changes_status_alone()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await world.Client.CreateAsync(CoreKinds.Node, new Node { Metadata = { Name = "n" } }, Ct);
        var node = world.Client.View.Get(CoreKinds.Node, "", "n")!;
        var transaction = world.Client.Begin();
        transaction.Update(
            CoreKinds.Node,
            new Node
            {
                Metadata = { Name = "n", ResourceVersion = node.Metadata.ResourceVersion, Labels = new() { ["a"] = "b" } },
                Spec = { Unschedulable = true },
                Status = new() { Phase = "Ready" },
            },
            WriteScope.Status);
        await transaction.CommitAsync(Ct);
        var written = world.Client.View.Get(CoreKinds.Node, "", "n")!;
        Assert.Equal("Ready", written.Status!.Phase);
        Assert.Null(written.Spec.Unschedulable);
        Assert.Null(written.Metadata.Labels);
        Assert.Equal(1, written.Metadata.Generation);
        Assert.NotEqual(node.Metadata.ResourceVersion, written.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task A_replacement_that_leaves_out_a_default_changes_nothing()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var key = CoreKinds.Secret.Key("default", "s");
        await world.Client.CreateAsync(CoreKinds.Secret, new Secret { Metadata = { Name = "s", Namespace = "default" } }, Ct);
        var before = world.Client.View.Get(key)!;
        var transaction = world.Client.Begin();
        transaction.Update(CoreKinds.Secret, """{"metadata":{"name":"s","namespace":"default"}}"""u8, WriteScope.Main);
        await transaction.CommitAsync(Ct);
        Assert.Same(before, world.Client.View.Get(key));
    }

    [Fact]
    public async Task Nothing_slips_into_a_namespace_whose_deletion_began_meanwhile()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var ns = CoreKinds.Namespace.Key("", "p");
        await world.Client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "p", Finalizers = ["skep.dev/test"] } }, Ct);
        var late = world.Client.Begin();
        late.Create(CoreKinds.ConfigMap, new ConfigMap { Metadata = { Name = "a", Namespace = "p" } });
        await world.Client.DeleteAsync(ns, Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(() => late.CommitAsync(Ct));
        Assert.Equal(ResourceError.Forbidden, ex.Reason);
        Assert.Contains("namespace p because it is being terminated", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_of_one_list_see_those_before_them()
    {
        await using var store = await ResourceStore.OpenAsync(new MemoryLog(), Ct);
        var key = CoreKinds.ConfigMap.Key("default", "a");
        var json = """{"metadata":{"name":"a"}}"""u8.ToArray();
        var ex = await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Change.Create(key, json), Change.Create(key, json)], Ct));
        Assert.Equal(ResourceError.AlreadyExists, ex.Reason);
        Assert.Equal(0, store.View.Revision);
        var view = await store.CommitAsync([Change.Create(key, json), Change.Delete(key, expectedRevision: 1)], Ct);
        Assert.Equal(2, view.Revision);
        Assert.Null(view.Get(key));
    }
}
