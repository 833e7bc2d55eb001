namespace Skep.Kubernetes.Tests.Watches;

public sealed class WatchTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);
        await CreateAsync("i-1", "web");
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Without_a_version_the_state_comes_first()
    {
        using var watch = await WatchReader.OpenAsync(_api, Documents.Instances + "?watch=true");
        Assert.Equal("ADDED i-1", await watch.NextAsync());
        await CreateAsync("i-2", "web");
        Assert.Equal("ADDED i-2", await watch.NextAsync());
        await LabelAsync("i-2", "db");
        Assert.Equal("MODIFIED i-2", await watch.NextAsync());
        await _api.SendAsync("DELETE", Documents.Instances + "/i-2");
        var deleted = await watch.ReadAsync();
        Assert.Equal("DELETED", deleted.Text("type"));
        Assert.Equal(_api.Resources.Store.View.Revision.ToString(), deleted.Text("object/metadata/resourceVersion"));
    }

    [Fact]
    public async Task From_a_version_only_later_events_come()
    {
        var revision = _api.Resources.Store.View.Revision;
        await CreateAsync("i-2", "web");
        using var watch = await WatchReader.OpenAsync(_api, $"{Documents.Instances}?watch=1&resourceVersion={revision}");
        Assert.Equal("ADDED i-2", await watch.NextAsync());
    }

    [Fact]
    public async Task Events_of_other_namespaces_and_kinds_stay_away()
    {
        await _api.SendAsync("POST", "/api/v1/namespaces", """{"metadata":{"name":"proj"}}""");
        using var watch = await WatchReader.OpenAsync(_api, $"{Documents.Instances}?watch=1&resourceVersion={_api.Resources.Store.View.Revision}");
        await _api.SendAsync("POST", Documents.Instances.Replace("default", "proj", StringComparison.Ordinal), Documents.Instance("i-8"));
        await _api.SendAsync("POST", Documents.ConfigMaps, Documents.ConfigMap("cm"));
        await CreateAsync("i-9", "web");
        Assert.Equal("ADDED i-9", await watch.NextAsync());
    }

    [Fact]
    public async Task An_object_that_begins_or_stops_matching_is_added_or_deleted()
    {
        using var watch = await WatchReader.OpenAsync(_api, Documents.Instances + "?watch=true&labelSelector=app%3Dweb");
        Assert.Equal("ADDED i-1", await watch.NextAsync());
        await LabelAsync("i-1", "db");
        var deleted = await watch.ReadAsync();
        Assert.Equal("DELETED", deleted.Text("type"));
        Assert.Equal("web", deleted.Text("object/metadata/labels/app"));
        Assert.Equal(_api.Resources.Store.View.Revision.ToString(), deleted.Text("object/metadata/resourceVersion"));
        await LabelAsync("i-1", "web");
        Assert.Equal("ADDED i-1", await watch.NextAsync());
    }

    [Fact]
    public async Task The_end_of_initial_events_is_marked()
    {
        using var watch = await WatchReader.OpenAsync(
            _api, Documents.Instances + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=");
        Assert.Equal("ADDED i-1", await watch.NextAsync());
        var bookmark = await watch.ReadAsync();
        Assert.Equal("BOOKMARK", bookmark.Text("type"));
        Assert.Equal("Instance", bookmark.Text("object/kind"));
        Assert.Equal("true", (string?)bookmark!["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.Equal(_api.Resources.Store.View.Revision.ToString(), bookmark.Text("object/metadata/resourceVersion"));
        await CreateAsync("i-2", "web");
        Assert.Equal("ADDED i-2", await watch.NextAsync());
    }

    [Fact]
    public async Task Bookmarks_come_every_minute_and_before_the_timeout()
    {
        using var watch = await WatchReader.OpenAsync(
            _api, $"{Documents.Instances}?watch=true&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion={_api.Resources.Store.View.Revision}");
        // The stream stands when its two timers wait.
        await WaitForTimersAsync(2);
        await _api.SendAsync("POST", Documents.ConfigMaps, Documents.ConfigMap("cm"));
        await CreateAsync("i-2", "web");
        Assert.Equal("ADDED i-2", await watch.NextAsync());
        _api.Resources.Clock.Advance(TimeSpan.FromSeconds(60));
        var bookmark = await watch.ReadAsync();
        Assert.Equal("BOOKMARK", bookmark.Text("type"));
        Assert.Equal(_api.Resources.Store.View.Revision.ToString(), bookmark.Text("object/metadata/resourceVersion"));
        _api.Resources.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("BOOKMARK", (await watch.ReadAsync()).Text("type"));
        Assert.Equal("END", await watch.NextAsync());
    }

    [Fact]
    public async Task A_table_watch_sends_rows_with_their_columns()
    {
        using var watch = await WatchReader.OpenAsync(_api, Documents.Instances + "?watch=true", Documents.Table);
        var first = await watch.ReadAsync();
        Assert.Equal("ADDED", first.Text("type"));
        Assert.Equal("Table", first.Text("object/kind"));
        Assert.Equal("Name", first.Text("object/columnDefinitions/0/name"));
        Assert.Equal("i-1", first.Text("object/rows/0/cells/0"));
    }

    [Fact]
    public async Task A_position_that_was_compacted_away_is_410()
    {
        await _api.Resources.Store.CompactAsync(_api.Resources.Store.View.Revision, TestContext.Current.CancellationToken);
        var (code, body) = await _api.SendAsync("GET", Documents.Instances + "?watch=true&resourceVersion=1");
        Assert.Equal(410, code);
        Assert.Equal("Expired", body.Text("reason"));
    }

    [Theory]
    [InlineData("resourceVersion=999", 504)]
    [InlineData("resourceVersion=x", 400)]
    [InlineData("sendInitialEvents=true", 422)]
    [InlineData("sendInitialEvents=true&resourceVersionMatch=Exact", 422)]
    [InlineData("resourceVersionMatch=NotOlderThan", 422)]
    [InlineData("timeoutSeconds=soon", 400)]
    [InlineData("continue=x", 400)]
    [InlineData("labelSelector=(", 400)]
    public async Task Parameters_keep_their_rules(string query, int expected)
    {
        var (code, _) = await _api.SendAsync("GET", $"{Documents.Instances}?watch=true&{query}");
        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task A_watch_ends_when_the_store_stops()
    {
        using var watch = await WatchReader.OpenAsync(_api, Documents.Instances + "?watch=true");
        Assert.Equal("ADDED i-1", await watch.NextAsync());
        await _api.StopStoreAsync();
        Assert.Equal("END", await watch.NextAsync());
    }

    [Fact]
    public async Task Many_watchers_see_the_same_events()
    {
        var watches = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => WatchReader.OpenAsync(_api, $"{Documents.Instances}?watch=1&resourceVersion={_api.Resources.Store.View.Revision}")));
        for (var i = 0; i < 20; i++)
            await CreateAsync($"i-x{i}", "web");
        foreach (var watch in watches)
        {
            for (var i = 0; i < 20; i++)
                Assert.Equal($"ADDED i-x{i}", await watch.NextAsync());
            watch.Dispose();
        }
    }

    private async Task WaitForTimersAsync(int count)
    {
        while (_api.Resources.Clock.TimersWaiting < count)
            await Task.Yield();
    }

    private Task CreateAsync(string name, string app) =>
        _api.SendAsync("POST", Documents.Instances, Documents.Instance(name, metadata: $",\"labels\":{{\"app\":\"{app}\"}}"));

    private Task LabelAsync(string name, string app) =>
        _api.SendAsync("PATCH", $"{Documents.Instances}/{name}", $"{{\"metadata\":{{\"labels\":{{\"app\":\"{app}\"}}}}}}", "application/merge-patch+json");
}
