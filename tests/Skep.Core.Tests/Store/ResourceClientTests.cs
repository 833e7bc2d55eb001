using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Store;

public sealed class ResourceClientTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Creates_reads_changes_and_deletes_a_resource()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var made = await world.Client.CreateAsync(CoreKinds.ConfigMap, ConfigMap("a", "x"), Ct);
        Assert.Equal(1, made.Metadata.Generation);
        Assert.Equal(world.Store.View.Revision.ToString(), made.Metadata.ResourceVersion);
        Assert.NotNull(made.Metadata.Uid);

        var key = CoreKinds.ConfigMap.Key("default", "a");
        var changed = await world.Client.ModifyAsync(CoreKinds.ConfigMap, key, c => { c.Data!["k"] = "y"; return true; }, Ct);
        Assert.Equal("y", changed!.Data!["k"]);
        Assert.Equal(2, changed.Metadata.Generation);
        Assert.Equal(made.Metadata.Uid, changed.Metadata.Uid);

        Assert.True(await world.Client.DeleteAsync(key, Ct));
        Assert.Null(world.Client.View.Get(key));
    }

    [Fact]
    public async Task A_transaction_is_applied_whole_or_not_at_all()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        await world.Client.CreateAsync(CoreKinds.ConfigMap, ConfigMap("taken", "x"), Ct);
        var revision = world.Store.View.Revision;
        var transaction = world.Client.Begin();
        transaction.Create(CoreKinds.ConfigMap, ConfigMap("free", "x"));
        transaction.Create(CoreKinds.ConfigMap, ConfigMap("taken", "x"));
        var ex = await Assert.ThrowsAsync<ResourceException>(() => transaction.CommitAsync(Ct));
        Assert.Equal(ResourceError.AlreadyExists, ex.Reason);
        Assert.Equal(revision, world.Store.View.Revision);
        Assert.Null(world.Client.View.Get(CoreKinds.ConfigMap.Key("default", "free")));
    }

    [Fact]
    public async Task Members_that_the_type_does_not_know_survive_a_change()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var transaction = world.Client.Begin();
        var key = transaction.Create(CoreKinds.ConfigMap, """{"metadata":{"name":"a","namespace":"default","odd":[1]},"data":{"k":"v"},"more":{"x":1.50}}"""u8);
        await transaction.CommitAsync(Ct);
        await world.Client.ModifyAsync(CoreKinds.ConfigMap, key, c => { c.Data!["k"] = "w"; return true; }, Ct);
        var json = System.Text.Encoding.UTF8.GetString(world.Client.View.Get(key)!.Json.Span);
        Assert.Contains("\"odd\":[1]", json, StringComparison.Ordinal);
        Assert.Contains("\"more\":{\"x\":1.50}", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finalizer_holds_a_deleted_resource_until_it_is_taken_away()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var value = ConfigMap("a", "x");
        value.Metadata.Finalizers = ["skep.dev/test"];
        await world.Client.CreateAsync(CoreKinds.ConfigMap, value, Ct);
        var key = CoreKinds.ConfigMap.Key("default", "a");
        await world.Client.DeleteAsync(key, Ct);
        Assert.NotNull(world.Client.View.Get(key)!.Metadata.DeletionTimestamp);
        await world.Client.ModifyAsync(CoreKinds.ConfigMap, key, c => { c.Metadata.Finalizers = null; return true; }, Ct);
        Assert.Null(world.Client.View.Get(key));
    }

    [Fact]
    public async Task A_watch_delivers_every_event_after_its_revision_in_order()
    {
        await using var world = await TestResources.CreateAsync([], Ct);
        var start = world.Store.View.Revision;
        for (var i = 0; i < 100; i++)
            await world.Client.CreateAsync(CoreKinds.ConfigMap, ConfigMap($"c{i}", "x"), Ct);
        var seen = new List<string>();
        await foreach (var batch in world.Store.WatchAsync(CoreKinds.ConfigMap.GroupResource, start, Ct))
        {
            seen.AddRange(batch.Events.Select(e => e.Resource.Key.Name));
            if (seen.Count == 100)
                break;
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"c{i}"), seen);
    }

    private static ConfigMap ConfigMap(string name, string value) =>
        new() { Metadata = { Name = name, Namespace = "default" }, Data = new() { ["k"] = value } };
}
