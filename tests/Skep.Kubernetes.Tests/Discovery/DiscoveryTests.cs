using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Tests.Discovery;

public sealed class DiscoveryTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync() => _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task The_version_is_one_that_charts_accept()
    {
        var (code, body) = await _api.SendAsync("GET", "/version");
        Assert.Equal(200, code);
        Assert.Equal(["1", "32"], [body.Text("major")!, body.Text("minor")!]);
        Assert.StartsWith("v1.32.", body.Text("gitVersion"));
    }

    [Fact]
    public async Task The_legacy_form_lists_groups_and_resources()
    {
        var (_, versions) = await _api.SendAsync("GET", "/api");
        Assert.Equal("APIVersions", versions.Text("kind"));
        var (_, groups) = await _api.SendAsync("GET", "/apis");
        Assert.Contains("compute.skep.dev", groups["groups"]!.AsArray().Select(g => g.Text("name")));
        var (_, group) = await _api.SendAsync("GET", "/apis/compute.skep.dev");
        Assert.Equal("compute.skep.dev/v1", group.Text("preferredVersion/groupVersion"));
        var (_, resources) = await _api.SendAsync("GET", "/apis/compute.skep.dev/v1");
        var instances = resources["resources"]!.AsArray().Single(r => r.Text("name") == "instances")!;
        Assert.Equal("""["vm","vms"]""", instances["shortNames"]!.ToJsonString());
        Assert.Equal("""["all"]""", instances["categories"]!.ToJsonString());
        Assert.Equal("instance", instances.Text("singularName"));
        Assert.Contains(resources["resources"]!.AsArray(), r => r.Text("name") == "instances/status");
        Assert.DoesNotContain(resources["resources"]!.AsArray(), r => r.Text("name") == "keypairs/status");
    }

    [Theory]
    [InlineData("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "v2")]
    [InlineData("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2beta1")]
    [InlineData("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer,application/json", "v2")]
    [InlineData("application/json;as=APIGroupDiscoveryList; v=v2; g=apidiscovery.k8s.io", "v2")]
    public async Task The_aggregated_form_has_all_in_one(string accept, string version)
    {
        using var response = await _api.SendRawAsync("GET", "/apis", accept: accept);
        Assert.Equal($"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList", response.Content.Headers.NonValidated["Content-Type"].ToString());
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal($"apidiscovery.k8s.io/{version}", body.Text("apiVersion"));
        var compute = body["items"]!.AsArray().Single(i => i.Text("metadata/name") == "compute.skep.dev");
        var instances = compute!["versions"]![0]!["resources"]!.AsArray().Single(r => r.Text("resource") == "instances");
        Assert.Equal("Namespaced", instances.Text("scope"));
        Assert.Equal("Instance", instances.Text("responseKind/kind"));
        Assert.Equal("status", instances.Text("subresources/0/subresource"));
    }

    [Fact]
    public async Task Plain_JSON_first_means_the_legacy_form()
    {
        var (_, body) = await _api.SendAsync("GET", "/apis", accept: "application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        Assert.Equal("APIGroupList", body.Text("kind"));
    }

    [Theory]
    [InlineData("/api/v2")]
    [InlineData("/apis/none.dev")]
    [InlineData("/apis/compute.skep.dev/v9")]
    [InlineData("/apis//v1")]
    [InlineData("/apis/compute.skep.dev/v1/unknowns")]
    [InlineData("/apis/compute.skep.dev/v9/instances")]
    [InlineData("/apis/compute.skep.dev/v1/instances/i-1")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/default/instances/i-1/scale")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/default/keypairs/k/status")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/default/instancetypes")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces//instances")]
    [InlineData("/api/v1/namespaces/default/configmaps/a/b/c")]
    [InlineData("/openapi/v4")]
    [InlineData("/openapi/v3/apis/none.dev/v1")]
    [InlineData("/version/x")]
    public async Task Unknown_paths_are_404(string path)
    {
        var (code, body) = await _api.SendAsync("GET", path);
        Assert.Equal(404, code);
        Assert.Equal("the server could not find the requested resource", body.Text("message"));
    }

    [Theory]
    [InlineData("POST", "/apis/compute.skep.dev/v1/instances")]
    [InlineData("DELETE", "/apis/compute.skep.dev/v1/instances")]
    [InlineData("PUT", "/apis/compute.skep.dev/v1/namespaces/default/instances")]
    [InlineData("POST", "/apis/compute.skep.dev/v1/namespaces/default/instances/i-1")]
    [InlineData("DELETE", "/apis/compute.skep.dev/v1/namespaces/default/instances/i-1/status")]
    [InlineData("POST", "/version")]
    [InlineData("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")]
    public async Task Methods_that_a_path_does_not_have_are_405(string method, string path)
    {
        var (code, _) = await _api.SendAsync(method, path);
        Assert.Equal(405, code);
    }
}
