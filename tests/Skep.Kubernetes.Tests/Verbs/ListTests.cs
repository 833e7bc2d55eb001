using System.Text.Json.Nodes;
using Skep.Kubernetes.Verbs;

namespace Skep.Kubernetes.Tests.Verbs;

public sealed class ListTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ApiHost.StartAsync(TestContext.Current.CancellationToken);
        foreach (var name in (string[])["i-1", "i-2", "i-3", "i-4", "i-5"])
            await _api.SendAsync("POST", Documents.Instances, Documents.Instance(name, name == "i-3" ? "t3.large" : "t3.micro", $",\"labels\":{{\"n\":\"{name}\"}}"));
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Lists_carry_the_kind_and_the_revision()
    {
        var (code, body) = await _api.SendAsync("GET", Documents.AllInstances);
        Assert.Equal(200, code);
        Assert.Equal("InstanceList", body.Text("kind"));
        Assert.Equal("compute.skep.dev/v1", body.Text("apiVersion"));
        Assert.Equal("6", body.Text("metadata/resourceVersion"));
        Assert.Equal(["i-1", "i-2", "i-3", "i-4", "i-5"], body.Names());
    }

    [Fact]
    public async Task Pages_show_one_state_however_much_changes_between_them()
    {
        var (_, first) = await _api.SendAsync("GET", Documents.Instances + "?limit=2");
        Assert.Equal(["i-1", "i-2"], first.Names());
        Assert.Equal("3", first.Text("metadata/remainingItemCount"));
        await _api.SendAsync("DELETE", Documents.Instances + "/i-3");
        await _api.SendAsync("POST", Documents.Instances, Documents.Instance("i-35"));
        var (_, second) = await _api.SendAsync("GET", $"{Documents.Instances}?limit=2&continue={first.Text("metadata/continue")}");
        Assert.Equal(["i-3", "i-4"], second.Names());
        Assert.Equal(first.Text("metadata/resourceVersion"), second.Text("metadata/resourceVersion"));
        var (_, third) = await _api.SendAsync("GET", $"{Documents.Instances}?limit=2&continue={second.Text("metadata/continue")}");
        Assert.Equal(["i-5"], third.Names());
        Assert.Null(third["metadata"]!["continue"]);
    }

    [Fact]
    public async Task A_continue_token_expires()
    {
        var (_, first) = await _api.SendAsync("GET", Documents.Instances + "?limit=2");
        await _api.SendAsync("DELETE", Documents.Instances + "/i-3");
        _api.Resources.Clock.Advance(ViewSnapshots.Lifetime);
        var (code, body) = await _api.SendAsync("GET", $"{Documents.Instances}?limit=2&continue={first.Text("metadata/continue")}");
        Assert.Equal(410, code);
        Assert.Equal("Expired", body.Text("reason"));
    }

    [Fact]
    public async Task Snapshots_are_bounded()
    {
        var (_, first) = await _api.SendAsync("GET", Documents.Instances + "?limit=1");
        for (var i = 0; i <= ViewSnapshots.CountMax; i++)
        {
            await _api.SendAsync("POST", Documents.ConfigMaps, Documents.ConfigMap($"cm-{i}"));
            await _api.SendAsync("GET", Documents.Instances + "?limit=1");
        }

        var (code, _) = await _api.SendAsync("GET", $"{Documents.Instances}?limit=1&continue={first.Text("metadata/continue")}");
        Assert.Equal(410, code);
    }

    [Theory]
    [InlineData("labelSelector=n+in+(i-1,i-4)", "i-1,i-4")]
    [InlineData("labelSelector=n!%3Di-1", "i-2,i-3,i-4,i-5")]
    [InlineData("fieldSelector=spec.instanceType%3Dt3.large", "i-3")]
    [InlineData("fieldSelector=metadata.name!%3Di-3&labelSelector=n&limit=2", "i-1,i-2")]
    public async Task Selectors_select(string query, string expected)
    {
        var (_, body) = await _api.SendAsync("GET", $"{Documents.Instances}?{query}");
        Assert.Equal(expected, string.Join(',', body.Names()));
    }

    [Theory]
    [InlineData("resourceVersion=0", 200)]
    [InlineData("resourceVersion=6", 200)]
    [InlineData("resourceVersion=3&resourceVersionMatch=NotOlderThan", 200)]
    [InlineData("resourceVersion=6&resourceVersionMatch=Exact", 200)]
    [InlineData("resourceVersion=3&resourceVersionMatch=Exact", 410)]
    [InlineData("resourceVersion=0&resourceVersionMatch=Exact", 422)]
    [InlineData("resourceVersionMatch=Exact", 422)]
    [InlineData("resourceVersion=1&resourceVersionMatch=Roughly", 422)]
    [InlineData("resourceVersion=999", 504)]
    [InlineData("resourceVersion=abc", 400)]
    [InlineData("resourceVersion=-1", 400)]
    [InlineData("resourceVersion=99999999999999999999999", 400)]
    [InlineData("limit=-1", 400)]
    [InlineData("limit=many", 400)]
    [InlineData("continue=bogus", 400)]
    [InlineData("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 422)]
    [InlineData("watch=perhaps", 400)]
    [InlineData("fieldSelector=spec.keyName%3Dx", 400)]
    [InlineData("labelSelector=%3D", 400)]
    [InlineData("includeObject=Everything", 400)]
    public async Task Parameters_keep_their_rules(string query, int expected)
    {
        var (code, body) = await _api.SendAsync("GET", $"{Documents.Instances}?{query}");
        Assert.Equal(expected, code);
        if (code == 504)
        {
            Assert.Equal("ResourceVersionTooLarge", body.Text("details/causes/0/reason"));
            Assert.Equal("1", body.Text("details/retryAfterSeconds"));
        }
    }

    [Fact]
    public async Task A_table_has_names_first_ages_last_and_metadata_in_its_rows()
    {
        _api.Resources.Clock.Advance(TimeSpan.FromMinutes(3));
        var (_, body) = await _api.SendAsync("GET", Documents.Instances + "?limit=1", accept: Documents.Table);
        Assert.Equal("Table", body.Text("kind"));
        Assert.Equal("meta.k8s.io/v1", body.Text("apiVersion"));
        Assert.NotNull(body.Text("metadata/continue"));
        var columns = body["columnDefinitions"]!.AsArray().Select(c => $"{c.Text("name")}/{c.Text("priority")}");
        Assert.Equal(["Name/0", "State/0", "Type/0", "Image/0", "Address/0", "Node/1", "Key/1", "Reason/1", "Age/0"], columns);
        Assert.Equal("i-1|<none>|t3.micro|ami-1|<none>|<none>|<none>|<none>|3m", Cells(body));
        Assert.Equal("PartialObjectMetadata", body.Text("rows/0/object/kind"));
        Assert.Equal("i-1", body.Text("rows/0/object/metadata/labels/n"));
        Assert.Null(body["rows"]![0]!["object"]!["spec"]);
    }

    [Fact]
    public async Task A_table_includes_what_is_asked_for()
    {
        var (_, whole) = await _api.SendAsync("GET", Documents.Instances + "?includeObject=Object", accept: Documents.Table);
        Assert.Equal("t3.micro", whole.Text("rows/0/object/spec/instanceType"));
        var (_, none) = await _api.SendAsync("GET", Documents.Instances + "?includeObject=None", accept: Documents.Table);
        Assert.Null(none["rows"]![0]!["object"]);
        var (_, old) = await _api.SendAsync("GET", Documents.Instances + "/i-1", accept: "application/json;as=Table;v=v1beta1;g=meta.k8s.io");
        Assert.Equal("meta.k8s.io/v1beta1", old.Text("apiVersion"));
        Assert.Single(old["rows"]!.AsArray());
    }

    [Fact]
    public async Task Metadata_alone_can_be_asked_for()
    {
        var (_, list) = await _api.SendAsync("GET", Documents.Instances, accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        Assert.Equal("PartialObjectMetadataList", list.Text("kind"));
        Assert.Equal("PartialObjectMetadata", list.Text("items/0/kind"));
        Assert.Null(list["items"]![0]!["spec"]);
        var (_, one) = await _api.SendAsync("GET", Documents.Instances + "/i-2", accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        Assert.Equal("i-2", one.Text("metadata/name"));
        Assert.Null(one["spec"]);
    }

    [Theory]
    [InlineData("application/vnd.kubernetes.protobuf", 406)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", 200)]
    [InlineData("text/html", 406)]
    [InlineData("*/*", 200)]
    [InlineData("application/*;q=0.1,text/html", 200)]
    [InlineData("application/json;q=0", 200)]
    public async Task Accept_is_negotiated(string accept, int expected)
    {
        var (code, _) = await _api.SendAsync("GET", Documents.Instances, accept: accept);
        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task Core_kinds_have_their_own_columns()
    {
        await _api.SendAsync("POST", "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"a":"1","b":"2"}}""");
        var (_, secrets) = await _api.SendAsync("GET", "/api/v1/namespaces/default/secrets", accept: Documents.Table);
        Assert.Equal("s|Opaque|2|0s", Cells(secrets));
        await _api.SendAsync("POST", "/api/v1/namespaces/default/events", """{"metadata":{"name":"e"},"involvedObject":{"kind":"Instance","name":"i-1"},"reason":"Started","type":"Normal","message":"m"}""");
        var (_, events) = await _api.SendAsync("GET", "/api/v1/namespaces/default/events", accept: Documents.Table);
        Assert.Equal("<unknown>|Normal|Started|instance/i-1|m|e", Cells(events));
    }

    private static string Cells(JsonObject table) => string.Join('|', table["rows"]![0]!["cells"]!.AsArray().Select(c => c!.ToString()));
}
