using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Tests.OpenApi;

public sealed class OpenApiTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync() => _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Version_3_describes_each_group_version()
    {
        var (_, index) = await _api.SendAsync("GET", "/openapi/v3");
        var url = (string)index["paths"]!["apis/compute.skep.dev/v1"]!["serverRelativeURL"]!;
        Assert.Matches("^/openapi/v3/apis/compute.skep.dev/v1\\?hash=[0-9A-F]{64}$", url);
        Assert.NotNull(index["paths"]!["api/v1"]);
        var (_, document) = await _api.SendAsync("GET", url);
        var instance = document["components"]!["schemas"]!["dev.skep.compute.v1.Instance"]!;
        Assert.Equal("""[{"group":"compute.skep.dev","version":"v1","kind":"Instance"}]""", instance["x-kubernetes-group-version-kind"]!.ToJsonString());
        var spec = instance["properties"]!["spec"]!["properties"]!;
        Assert.Equal("""{"description":"Counts reboots asked for; the agent reboots while status.reboots is behind.","type":"integer"}""", spec["reboots"]!.ToJsonString());
        Assert.Equal("object", spec.Text("blockDevices/items/type"));
        Assert.Equal("string", spec.Text("tags/additionalProperties/type"));
        Assert.Equal("date-time", instance.Text("properties/status/properties/launchTime/format"));
        Assert.Equal("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", (string)instance["properties"]!["metadata"]!["allOf"]![0]!["$ref"]!);
        var patch = document["paths"]!["/apis/compute.skep.dev/v1/namespaces/{namespace}/instances/{name}"]!["patch"]!;
        Assert.Equal("Instance", patch.Text("x-kubernetes-group-version-kind/kind"));
        Assert.Contains("fieldValidation", patch["parameters"]!.AsArray().Select(p => p.Text("name")));
    }

    [Fact]
    public async Task Version_2_is_protobuf_with_a_dot_in_its_type()
    {
        using var response = await _api.SendRawAsync("GET", "/openapi/v2", accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        Assert.Equal("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", response.Content.Headers.ContentType!.MediaType);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal([0x0a, 0x03, (byte)'2', (byte)'.', (byte)'0'], bytes[..5]);
        Assert.True(bytes.AsSpan().IndexOf("dev.skep.compute.v1.Instance"u8) > 0);
    }

    [Fact]
    public async Task Documents_are_compressed_and_cached_where_asked()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v3/apis/compute.skep.dev/v1");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var response = await _api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        using var gzip = new GZipStream(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
        Assert.NotNull(await JsonNode.ParseAsync(gzip, cancellationToken: TestContext.Current.CancellationToken));

        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v3/apis/compute.skep.dev/v1");
        again.Headers.TryAddWithoutValidation("If-None-Match", response.Headers.ETag!.Tag);
        using var unchanged = await _api.Http.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(304, (int)unchanged.StatusCode);
    }
}
