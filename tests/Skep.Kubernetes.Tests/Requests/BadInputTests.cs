using System.Text;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Tests.Requests;

public sealed class BadInputTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync() => _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        // Whatever was sent, nothing may have been stored.
        Assert.Equal(0, _api.Resources.Store.View.Count(Skep.Core.Resources.CoreKinds.ConfigMap.GroupResource));
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("7", 400)]
    [InlineData("null", 400)]
    [InlineData("{} {}", 400)]
    [InlineData("""{"a":"\ud800"}""", 400)]
    [InlineData("""{"metadata":{"name":"\udc00x"}}""", 400)]
    [InlineData("""{"metadata":[]}""", 400)]
    [InlineData("""{"metadata":{"name":7}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","labels":[]}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","labels":{"x":1}}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","annotations":{"x":{}}}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","finalizers":[1]}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","finalizers":"x"}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","ownerReferences":[1]}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","generateName":[]}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","namespace":"other"}}""", 400)]
    [InlineData("""{"metadata":{"name":"a","resourceVersion":"1"}}""", 400)]
    [InlineData("""{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"a"}}""", 400)]
    [InlineData("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}""", 400)]
    [InlineData("""{"apiVersion":1,"metadata":{"name":"a"}}""", 400)]
    [InlineData("""{"metadata":{}}""", 422)]
    [InlineData("""{"metadata":{"name":""}}""", 422)]
    [InlineData("""{"metadata":{"name":"Upper"}}""", 422)]
    [InlineData("""{"metadata":{"name":"../etc"}}""", 422)]
    [InlineData("""{"metadata":{"name":"a/b"}}""", 422)]
    [InlineData("""{"metadata":{"name":"a","labels":{"-":"x"}}}""", 422)]
    [InlineData("""{"metadata":{"name":"a","labels":{"x":"not valid"}}}""", 422)]
    [InlineData("""{"metadata":{"name":"a"},"data":{"x":1}}""", 422)]
    [InlineData("""{"metadata":{"name":"a"},"data":[]}""", 422)]
    [InlineData("""{"metadata":{"name":"a"},"binaryData":{"x":"not base64!"}}""", 422)]
    [InlineData("""{"metadata":{"name":"a","ownerReferences":[{"uid":7}]}}""", 422)]
    public async Task Documents_that_cannot_be_are_refused(string body, int expected)
    {
        var (code, status) = await _api.SendAsync("POST", Documents.ConfigMaps, body);
        Assert.Equal(expected, code);
        Assert.Equal("Status", status.Text("kind"));
        Assert.Equal("Failure", status.Text("status"));
        Assert.NotEmpty(status.Text("message")!);
        if (code == 422)
            Assert.Equal("ConfigMap", status.Text("details/kind"));
    }

    [Fact]
    public async Task Invalid_documents_say_what_is_wrong_where()
    {
        var (_, status) = await _api.SendAsync("POST", Documents.ConfigMaps, """{"metadata":{"name":"Upper"}}""");
        Assert.StartsWith("ConfigMap \"Upper\" is invalid: metadata.name: Invalid value: a lowercase RFC 1123 subdomain", status.Text("message"));
        Assert.Equal("FieldValueInvalid", status.Text("details/causes/0/reason"));
        Assert.Equal("metadata.name", status.Text("details/causes/0/field"));
    }

    [Fact]
    public async Task Invalid_UTF_8_is_refused()
    {
        byte[] body = [.. "{\"metadata\":{\"name\":\""u8, 0xff, 0xfe, .. "\"}}"u8];
        using var response = await _api.SendRawAsync("POST", Documents.ConfigMaps, body);
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/yaml")]
    public async Task Deep_nesting_is_refused(string contentType)
    {
        var deep = "{\"metadata\":{\"name\":\"a\"},\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}";
        var (code, _) = await _api.SendAsync("POST", Documents.ConfigMaps, deep, contentType);
        Assert.Equal(400, code);
        (code, _) = await _api.SendAsync("PATCH", Documents.ConfigMaps + "/a", deep, "application/merge-patch+json");
        Assert.Equal(400, code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_413(bool isChunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Documents.ConfigMaps)
        {
            Content = new ByteArrayContent(new byte[RequestBody.BytesMax + 1]),
        };
        request.Headers.TransferEncodingChunked = isChunked;
        request.Headers.ExpectContinue = true;
        using var response = await _api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(413, (int)response.StatusCode);
        Assert.Contains("RequestEntityTooLarge", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/cbor")]
    public async Task Unknown_media_types_are_415(string type)
    {
        var (code, status) = await _api.SendAsync("POST", Documents.ConfigMaps, "{}", type);
        Assert.Equal(415, code);
        Assert.Contains("application/json", status.Text("message"));
    }

    [Fact]
    public async Task A_compressed_body_is_415()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Documents.ConfigMaps) { Content = new ByteArrayContent([1, 2, 3]) };
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var response = await _api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(415, (int)response.StatusCode);
    }

    [Fact]
    public async Task Names_on_the_path_that_differ_from_the_document_are_refused()
    {
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-1"));
        var (code, status) = await _api.SendAsync("PUT", Documents.Instances + "/i-1", Documents.Instance("i-2"));
        Assert.Equal(400, code);
        Assert.Equal("the name of the object (i-2) does not match the name on the URL (i-1)", status.Text("message"));
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """{"metadata":{"name":"i-2"}}""", "application/merge-patch+json");
        Assert.Equal(400, code);
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """{"kind":"Volume"}""", "application/merge-patch+json");
        Assert.Equal(400, code);
        (code, _) = await _api.SendAsync("PATCH", Documents.Instances + "/i-1", """[{"op":"remove","path":"/metadata"}]""", "application/json-patch+json");
        Assert.Equal(200, code);
    }

    [Theory]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/default/instances/..%2f..%2fetc")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/default/instances/%22%3Cb%3E")]
    [InlineData("/apis/compute.skep.dev/v1/namespaces/%C3%A9/instances/x")]
    public async Task Strange_names_are_not_found(string path)
    {
        var (code, status) = await _api.SendAsync("GET", path);
        Assert.Equal(404, code);
        Assert.Equal("Status", status.Text("kind"));
    }

    [Fact]
    public async Task Mutated_requests_are_answered_and_never_crash()
    {
        var random = new Random(7);
        var seeds = new[] { Documents.ConfigMap("Upper"), """{"metadata":{"name":"A","labels":{"a":"b"},"finalizers":["x"]},"data":{"k":"v"}}""" };
        for (var i = 0; i < 500; i++)
        {
            var body = Encoding.UTF8.GetBytes(seeds[i % seeds.Length]);
            for (var n = random.Next(1, 4); n > 0; n--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            using var response = await _api.SendRawAsync("POST", Documents.ConfigMaps + "?dryRun=All", body);
            Assert.True((int)response.StatusCode < 500, Encoding.Latin1.GetString(body));
        }
    }
}
