using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Tests.Access;

public sealed class AccessTests : IAsyncLifetime
{
    private const string AccessReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

    private ApiHost _api = null!;

    public async ValueTask InitializeAsync() => _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Theory]
    [InlineData("GET", Documents.Instances)]
    [InlineData("GET", "/version")]
    [InlineData("GET", "/apis")]
    [InlineData("GET", "/openapi/v2")]
    [InlineData("POST", AccessReviews)]
    public async Task Nobody_gets_anything(string method, string path)
    {
        _api.Principal = null;
        var (code, body) = await _api.SendAsync(method, path);
        Assert.Equal(401, code);
        Assert.Equal("Unauthorized", body.Text("reason"));
    }

    [Theory]
    [InlineData("GET", Documents.Instances, 200)]
    [InlineData("GET", Documents.Instances + "?watch=true&resourceVersion=999", 504)]
    [InlineData("GET", "/api/v1/namespaces/default", 200)]
    [InlineData("GET", "/version", 200)]
    [InlineData("GET", Documents.AllInstances, 403)]
    [InlineData("GET", "/apis/compute.skep.dev/v1/namespaces/other/instances", 403)]
    [InlineData("GET", "/api/v1/namespaces/default/secrets", 403)]
    [InlineData("GET", "/api/v1/namespaces", 403)]
    [InlineData("GET", "/api/v1/nodes", 403)]
    [InlineData("POST", Documents.Instances, 403)]
    [InlineData("DELETE", Documents.Instances, 403)]
    [InlineData("PUT", Documents.Instances + "/i-1", 403)]
    [InlineData("PATCH", Documents.Instances + "/i-1/status", 403)]
    public async Task A_reader_reads_its_own_namespace(string method, string path, int expected)
    {
        _api.Principal = ApiHost.Reader;
        var (code, body) = await _api.SendAsync(method, path, method is "GET" or "DELETE" ? null : "{}");
        Assert.Equal(expected, code);
        if (code == 403)
            Assert.Contains("User \"reader\" cannot", body.Text("message"));
    }

    [Fact]
    public async Task A_refusal_says_who_what_and_where()
    {
        _api.Principal = ApiHost.Reader;
        var (_, body) = await _api.SendAsync("DELETE", Documents.Instances + "/i-1");
        Assert.StartsWith(
            "instances.compute.skep.dev \"i-1\" is forbidden: User \"reader\" cannot delete resource \"instances\" in API group \"compute.skep.dev\" in the namespace \"default\"",
            body.Text("message"));
        Assert.Equal("instances", body.Text("details/kind"));
    }

    [Theory]
    [InlineData("get", "default", "instances", true)]
    [InlineData("create", "default", "instances", false)]
    [InlineData("list", "other", "instances", false)]
    [InlineData("get", "default", "nonsense", false)]
    public async Task May_I_is_answered_by_the_same_rules(string verb, string ns, string resource, bool expected)
    {
        _api.Principal = ApiHost.Reader;
        var (code, body) = await _api.SendAsync("POST", AccessReviews, Review(verb, ns, resource));
        Assert.Equal(201, code);
        Assert.Equal(expected, (bool)body["status"]!["allowed"]!);
        _api.Principal = ApiHost.Admin;
        (_, body) = await _api.SendAsync("POST", AccessReviews, Review(verb, ns, resource));
        Assert.True((bool)body["status"]!["allowed"]!);
    }

    [Fact]
    public async Task What_may_I_and_who_am_I_are_answered()
    {
        _api.Principal = ApiHost.Reader;
        var (_, rules) = await _api.SendAsync("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        Assert.Contains(rules["status"]!["resourceRules"]!.AsArray(), r => r!["resources"]!.ToJsonString() == """["instances"]""");
        Assert.DoesNotContain(rules["status"]!["resourceRules"]!.AsArray(), r => r!["resources"]!.ToJsonString() == """["secrets"]""");
        var (_, who) = await _api.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
        Assert.Equal("reader", who.Text("status/userInfo/username"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"spec":7}""")]
    [InlineData("""{"spec":{"resourceAttributes":{"verb":7}}}""")]
    [InlineData("""{"kind":"Secret"}""")]
    public async Task A_malformed_question_is_400(string body)
    {
        var (code, _) = await _api.SendAsync("POST", AccessReviews, body);
        Assert.Equal(400, code);
    }

    private static string Review(string verb, string ns, string resource) => new JsonObject
    {
        ["apiVersion"] = "authorization.k8s.io/v1",
        ["kind"] = "SelfSubjectAccessReview",
        ["spec"] = new JsonObject
        {
            ["resourceAttributes"] = new JsonObject { ["namespace"] = ns, ["verb"] = verb, ["group"] = "compute.skep.dev", ["resource"] = resource },
        },
    }.ToJsonString();
}
