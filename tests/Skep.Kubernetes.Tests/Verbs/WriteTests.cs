using System.Text;

namespace Skep.Kubernetes.Tests.Verbs;

public sealed class WriteTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync() => _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Create_answers_201_with_what_the_server_set()
    {
        var (code, body) = await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        Assert.Equal(201, code);
        Assert.Equal("Instance", body.Text("kind"));
        Assert.Equal("default", body.Text("metadata/namespace"));
        Assert.Equal("2", body.Text("metadata/resourceVersion"));
        Assert.Equal("1", body.Text("metadata/generation"));
        Assert.NotNull(body.Text("metadata/uid"));
        Assert.NotNull(body.Text("metadata/creationTimestamp"));
    }

    [Fact]
    public async Task Create_makes_a_name_from_a_prefix()
    {
        var (code, body) = await _api.SendAsync("POST", Documents.ConfigMaps, """{"metadata":{"generateName":"cm-"}}""");
        Assert.Equal(201, code);
        Assert.Matches("^cm-[bcdfghjklmnpqrstvwxz2456789]{5}$", body.Text("metadata/name"));
    }

    [Fact]
    public async Task Create_leaves_status_to_the_status_subresource()
    {
        var json = Documents.Instance("i-1").Replace("\"spec\"", "\"status\":{\"state\":\"running\"},\"spec\"", StringComparison.Ordinal);
        var (_, body) = await _api.SendAsync("POST", Documents.Instances, json);
        Assert.Null(body["status"]);
        var (code, updated) = await _api.SendAsync("PUT", Documents.Instances + "/i-1/status", json);
        Assert.Equal(200, code);
        Assert.Equal("running", updated.Text("status/state"));
        Assert.Equal("1", updated.Text("metadata/generation"));
        var (_, main) = await _api.SendAsync("PUT", Documents.Instances + "/i-1", Documents.Instance("i-1", "t3.small"));
        Assert.Equal("running", main.Text("status/state"));
        Assert.Equal("t3.small", main.Text("spec/instanceType"));
        Assert.Equal("2", main.Text("metadata/generation"));
    }

    [Fact]
    public async Task A_second_create_conflicts()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, body) = await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        Assert.Equal(409, code);
        Assert.Equal("AlreadyExists", body.Text("reason"));
        Assert.Equal("instances.compute.skep.dev \"i-1\" already exists", body.Text("message"));
        Assert.Equal("instances", body.Text("details/kind"));
        Assert.Equal("compute.skep.dev", body.Text("details/group"));
    }

    [Fact]
    public async Task Update_with_a_stale_version_conflicts_and_without_one_does_not()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, body) = await _api.SendAsync("PUT", Documents.Instances + "/i-1", Documents.Instance("i-1", "t3.small", ",\"resourceVersion\":\"1\""));
        Assert.Equal(409, code);
        Assert.StartsWith("Operation cannot be fulfilled on instances.compute.skep.dev \"i-1\": the object has been modified", body.Text("message"));
        (code, _) = await _api.SendAsync("PUT", Documents.Instances + "/i-1", Documents.Instance("i-1", "t3.small"));
        Assert.Equal(200, code);
    }

    [Fact]
    public async Task Update_with_another_uid_conflicts()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, _) = await _api.SendAsync("PUT", Documents.Instances + "/i-1", Documents.Instance("i-1", "t3.small", ",\"uid\":\"other\""));
        Assert.Equal(409, code);
    }

    [Fact]
    public async Task A_write_that_changes_nothing_makes_no_new_version()
    {
        var (_, before) = await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (_, after) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", "{}", "application/merge-patch+json");
        Assert.Equal(before.Text("metadata/resourceVersion"), after.Text("metadata/resourceVersion"));
    }

    [Fact]
    public async Task A_resourceVersion_inside_a_patch_is_a_precondition()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """{"metadata":{"resourceVersion":"1"},"spec":{"nodeName":"n"}}""", "application/merge-patch+json");
        Assert.Equal(409, code);
    }

    [Fact]
    public async Task Concurrent_patches_all_arrive()
    {
        await _api.SendAsync("POST", Documents.ConfigMaps, Documents.ConfigMap("cm"));
        var patches = Enumerable.Range(0, 12).Select(i =>
            _api.SendAsync("PATCH", Documents.ConfigMaps + "/cm", $$$"""{"data":{"k{{{i}}}":"v"}}""", "application/merge-patch+json"));
        Assert.All(await Task.WhenAll(patches), r => Assert.Equal(200, r.Code));
        var (_, body) = await _api.SendAsync("GET", Documents.ConfigMaps + "/cm");
        Assert.Equal(13, body["data"]!.AsObject().Count);
    }

    [Theory]
    [InlineData("application/strategic-merge-patch+json")]
    [InlineData("application/apply-patch+yaml")]
    [InlineData("text/plain")]
    public async Task Patch_types_that_our_kinds_do_not_take_are_415(string type)
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, body) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", "{}", type);
        Assert.Equal(415, code);
        Assert.Equal("UnsupportedMediaType", body.Text("reason"));
        Assert.Contains("application/merge-patch+json", body.Text("message"));
    }

    [Fact]
    public async Task A_strategic_merge_patch_changes_a_core_kind()
    {
        await _api.SendAsync("POST", Documents.ConfigMaps, Documents.ConfigMap("cm"));
        var (code, body) = await _api.SendAsync("PATCH", Documents.ConfigMaps + "/cm", """{"data":{"$patch":"replace","b":"2"}}""", "application/strategic-merge-patch+json");
        Assert.Equal(200, code);
        Assert.Equal("""{"b":"2"}""", body["data"]!.ToJsonString());
    }

    [Fact]
    public async Task A_dry_run_answers_but_stores_nothing()
    {
        var revision = _api.Resources.Store.View.Revision;
        var (code, body) = await _api.SendAsync("POST", Documents.Instances + "?dryRun=All", Documents.Instance("i-1"));
        Assert.Equal(201, code);
        Assert.NotNull(body.Text("metadata/uid"));
        Assert.Equal(revision, _api.Resources.Store.View.Revision);

        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        (code, body) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1?dryRun=All", """{"spec":{"nodeName":"n"}}""", "application/merge-patch+json");
        Assert.Equal(200, code);
        Assert.Equal("n", body.Text("spec/nodeName"));
        Assert.Equal((revision + 1).ToString(), body.Text("metadata/resourceVersion"));
        (code, _) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1?dryRun=All");
        Assert.Equal(200, code);
        Assert.Equal(revision + 1, _api.Resources.Store.View.Revision);
    }

    [Fact]
    public async Task Strict_field_validation_refuses_and_the_default_warns()
    {
        var json = """{"apiVersion":"compute.skep.dev/v1","kind":"Instance","metadata":{"name":"i-1"},"spec":{"imageId":"a","imageId":"b","sise":1,"blockDevices":[{"volume":"x"}]}}""";
        var (code, body) = await _api.SendAsync("POST", Documents.Instances + "?fieldValidation=Strict", json);
        Assert.Equal(400, code);
        Assert.Equal(
            "Instance in version \"v1\" cannot be handled as a Instance: strict decoding error: duplicate field \"spec.imageId\", unknown field \"spec.sise\", unknown field \"spec.blockDevices[0].volume\"",
            body.Text("message"));
        using var response = await _api.SendRawAsync("POST", Documents.Instances, Encoding.UTF8.GetBytes(json));
        Assert.Equal(201, (int)response.StatusCode);
        Assert.Contains("299 - \"unknown field \\\"spec.sise\\\"\"", response.Headers.GetValues("Warning"));
        var (_, stored) = await _api.SendAsync("GET", Documents.Instances + "/i-1");
        Assert.Equal("b", stored.Text("spec/imageId"));
        Assert.Equal("1", stored.Text("spec/sise"));

        // What is stored already is not the patcher's mistake.
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1?fieldValidation=Strict", """{"spec":{"nodeName":"n"}}""", "application/merge-patch+json");
        Assert.Equal(200, code);
        (code, _) = await _api.SendAsync("POST", Documents.Instances + "?fieldValidation=Ignore&dryRun=All", Documents.Instance("i-2"));
        Assert.Equal(201, code);
    }

    [Fact]
    public async Task A_yaml_body_is_read()
    {
        var (code, body) = await _api.SendAsync("POST", Documents.ConfigMaps, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\ndata:\n  a: 'yes'\n", "application/yaml");
        Assert.Equal(201, code);
        Assert.Equal("yes", body.Text("data/a"));
    }

    [Fact]
    public async Task Delete_answers_a_status_and_then_404()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, body) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1", """{"propagationPolicy":"Background"}""");
        Assert.Equal(200, code);
        Assert.Equal("Success", body.Text("status"));
        Assert.Equal("instances", body.Text("details/kind"));
        Assert.NotNull(body.Text("details/uid"));
        (code, body) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1");
        Assert.Equal(404, code);
        Assert.Equal("instances.compute.skep.dev \"i-1\" not found", body.Text("message"));
    }

    [Fact]
    public async Task A_finalizer_holds_a_deleted_resource_until_it_goes()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1", metadata: ",\"finalizers\":[\"skep.dev/x\"]"));
        var (code, body) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1");
        Assert.Equal(200, code);
        Assert.Equal("Instance", body.Text("kind"));
        Assert.NotNull(body.Text("metadata/deletionTimestamp"));
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """{"metadata":{"finalizers":["skep.dev/x","skep.dev/y"]}}""", "application/merge-patch+json");
        Assert.Equal(403, code);
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        Assert.Equal(200, code);
        (code, _) = await _api.SendAsync("GET", Documents.Instances + "/i-1");
        Assert.Equal(404, code);
    }

    [Theory]
    [InlineData("""{"preconditions":{"uid":"other"}}""", 409)]
    [InlineData("""{"preconditions":{"resourceVersion":"1"}}""", 409)]
    [InlineData("""{"preconditions":{"resourceVersion":"2"}}""", 200)]
    [InlineData("""{"propagationPolicy":"Sideways"}""", 422)]
    [InlineData("""{"propagationPolicy":"Orphan","orphanDependents":true}""", 422)]
    [InlineData("""{"gracePeriodSeconds":-1}""", 422)]
    [InlineData("""{"gracePeriodSeconds":"soon"}""", 400)]
    [InlineData("""{"kind":"Instance"}""", 400)]
    [InlineData("""{"dryRun":["Some"]}""", 422)]
    [InlineData("""{"dryRun":["All"]}""", 200)]
    public async Task Delete_options_are_obeyed(string options, int expected)
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, _) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1", options);
        Assert.Equal(expected, code);
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion")]
    [InlineData("Orphan", "orphan")]
    public async Task Propagation_policies_become_finalizers(string policy, string finalizer)
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (_, body) = await _api.SendAsync("DELETE", $"{Documents.Instances}/i-1?propagationPolicy={policy}");
        Assert.Equal(finalizer, body.Text("metadata/finalizers/0"));
    }

    [Fact]
    public async Task Deleting_a_collection_spares_what_the_selector_does_not_match()
    {
        foreach (var (name, app) in new[] { ("i-1", "web"), ("i-2", "db"), ("i-3", "web") })
            _ = await _api.SendAsync("POST", Documents.Instances, Documents.Instance(name, metadata: $",\"labels\":{{\"app\":\"{app}\"}}"));
        var (code, body) = await _api.SendAsync("DELETE", Documents.Instances + "?labelSelector=app%3Dweb");
        Assert.Equal(200, code);
        Assert.Equal(["i-1", "i-3"], body.Names());
        var (_, left) = await _api.SendAsync("GET", Documents.Instances);
        Assert.Equal(["i-2"], left.Names());
    }

    [Fact]
    public async Task A_missing_namespace_is_404_and_can_be_made()
    {
        var path = Documents.Instances.Replace("/default/", "/proj/", StringComparison.Ordinal);
        var (code, body) = await _api.SendAsync("POST", path, Documents.Instance("i-1"));
        Assert.Equal(404, code);
        Assert.Equal("namespaces \"proj\" not found", body.Text("message"));
        (code, body) = await _api.SendAsync("POST", "/api/v1/namespaces", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"proj"},"spec":{},"status":{}}""");
        Assert.Equal(201, code);
        Assert.Equal("Active", body.Text("status/phase"));
        (code, _) = await _api.SendAsync("POST", path, Documents.Instance("i-1"));
        Assert.Equal(201, code);
    }
}
