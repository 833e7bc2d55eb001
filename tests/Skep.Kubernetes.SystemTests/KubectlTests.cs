using Skep.Core.Resources;
using Skep.Kubernetes.Tests;

namespace Skep.Kubernetes.SystemTests;

/// <summary>Everyday use of kubectl, the same for each version of it.</summary>
public abstract class KubectlTests : IAsyncLifetime
{
    private const string Manifest = """
        apiVersion: compute.skep.dev/v1
        kind: Instance
        metadata:
          name: i-1
          labels: {app: web}
        spec:
          imageId: ami-1
          instanceType: t3.micro

        """;

    protected ApiHost Api { get; private set; } = null!;
    protected Kubectl Kubectl { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var (program, reason) = await FindAsync();
        if (program is null)
            Assert.Skip(reason);
        Api = await ApiHost.StartAsync(hasControllers: true, TestContext.Current.CancellationToken);
        Kubectl = new Kubectl(program, Api);
    }

    public async ValueTask DisposeAsync()
    {
        if (Kubectl is not null)
            await Kubectl.DisposeAsync();
        if (Api is not null)
            await Api.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Discovery_names_kinds_and_versions()
    {
        var resources = await Kubectl.CheckAsync("api-resources");
        Assert.Matches(@"instances +vm,vms +compute\.skep\.dev/v1 +true +Instance", resources);
        Assert.Contains("network.skep.dev/v1", await Kubectl.CheckAsync("api-versions"));
        Assert.Contains("v1.32.", await Kubectl.CheckAsync("version"));
    }

    [Fact]
    public async Task Apply_creates_leaves_alone_and_changes()
    {
        var file = Kubectl.WriteFile("i.yaml", Manifest);
        Assert.Equal("instance.compute.skep.dev/i-1 created", await Kubectl.CheckAsync($"apply -f {file}"));
        Assert.Equal("instance.compute.skep.dev/i-1 unchanged", await Kubectl.CheckAsync($"apply -f {file}"));
        Kubectl.WriteFile("i.yaml", Manifest.Replace("t3.micro", "t3.small", StringComparison.Ordinal));
        Assert.Contains("(server dry run)", await Kubectl.CheckAsync($"apply --dry-run=server -f {file}"));
        Assert.Equal("t3.micro", await Kubectl.CheckAsync("get instance i-1 -o jsonpath={.spec.instanceType}"));
        var diff = await Kubectl.RunAsync($"diff -f {file}");
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+  instanceType: t3.small", diff.Output);
        Assert.Equal("instance.compute.skep.dev/i-1 configured", await Kubectl.CheckAsync($"apply -f {file}"));
        Assert.Equal("t3.small", await Kubectl.CheckAsync("get instance i-1 -o jsonpath={.spec.instanceType}"));
    }

    [Fact]
    public async Task An_unknown_field_is_refused_by_name()
    {
        var file = Kubectl.WriteFile("bad.yaml", Manifest.Replace("instanceType", "instanceTipe", StringComparison.Ordinal));
        Assert.Contains("instanceTipe", await Kubectl.FailAsync($"apply -f {file}"));
    }

    [Fact]
    public async Task Get_prints_every_form()
    {
        await ApplyAsync();
        Assert.Matches(@"NAME +STATE +TYPE +IMAGE +ADDRESS +AGE\ni-1 +<none> +t3\.micro +ami-1 +<none> +0s$", await Kubectl.CheckAsync("get instances"));
        Assert.Matches("NODE +KEY +REASON +AGE", await Kubectl.CheckAsync("get vm -o wide"));
        Assert.Contains("instanceType: t3.micro", await Kubectl.CheckAsync("get vms i-1 -o yaml"));
        Assert.Contains("\"kind\": \"List\"", await Kubectl.CheckAsync("get instances -o json"));
        Assert.Equal("instance.compute.skep.dev/i-1", await Kubectl.CheckAsync("get instances -o name"));
        Assert.Contains("instance.compute.skep.dev/i-1", await Kubectl.CheckAsync("get all"));
        Assert.Matches("default +i-1", await Kubectl.CheckAsync("get instances -A"));
        Assert.Contains("app=web", await Kubectl.CheckAsync("get instances --show-labels"));
        Assert.Contains("i-1", await Kubectl.CheckAsync("get instances --sort-by=.spec.instanceType"));
        Assert.Contains("Instance Type:  t3.micro", await Kubectl.CheckAsync("describe instance i-1"));
        Assert.Contains("NotFound", await Kubectl.FailAsync("get instance i-2"));
    }

    [Fact]
    public async Task Selectors_and_pages_work()
    {
        foreach (var name in (string[])["cm-a", "cm-b", "cm-c"])
            await Kubectl.CheckAsync($"create configmap {name} --from-literal=k=v");
        await Kubectl.CheckAsync("label configmap cm-b tier=db");
        Assert.Equal("configmap/cm-b", await Kubectl.CheckAsync("get cm -l tier=db -o name"));
        Assert.Equal("configmap/cm-a\nconfigmap/cm-c", await Kubectl.CheckAsync("get cm -l !tier -o name"));
        Assert.Equal("configmap/cm-c", await Kubectl.CheckAsync("get cm --field-selector metadata.name=cm-c -o name"));
        Assert.Contains("field label not supported", await Kubectl.FailAsync("get cm --field-selector data.k=v"));
        Assert.Equal("configmap/cm-a\nconfigmap/cm-b\nconfigmap/cm-c", await Kubectl.CheckAsync("get cm --chunk-size=1 -o name"));
        Assert.Equal("configmap/cm-a\nconfigmap/cm-b\nconfigmap/cm-c", await Kubectl.CheckAsync("get cm --chunk-size=2 -o name"));
    }

    [Fact]
    public async Task Watching_prints_each_change()
    {
        await ApplyAsync();
        var seen = new List<string>();
        await foreach (var line in Kubectl.LinesAsync("get instances -w", TestContext.Current.CancellationToken))
        {
            seen.Add(line);
            if (seen.Count == 2)
                await Kubectl.CheckAsync("patch instance i-1 --type merge", "-p", """{"spec":{"instanceType":"t3.large"}}""");
            if (seen.Count == 3)
                await Kubectl.CheckAsync("delete instance i-1");
            if (seen.Count == 4)
                break;
        }

        Assert.StartsWith("NAME", seen[0]);
        Assert.Contains("t3.micro", seen[1]);
        Assert.Contains("t3.large", seen[2]);
        Assert.Contains("i-1", seen[3]);
    }

    [Fact]
    public async Task Patches_labels_annotations_and_the_editor_change_a_resource()
    {
        await ApplyAsync();
        await Kubectl.CheckAsync("patch instance i-1 --type merge", "-p", """{"spec":{"nodeName":"n1"}}""");
        await Kubectl.CheckAsync("patch instance i-1 --type json", "-p", """[{"op":"test","path":"/spec/nodeName","value":"n1"},{"op":"replace","path":"/spec/nodeName","value":"n2"}]""");
        Assert.Contains("the value is different", await Kubectl.FailAsync("patch instance i-1 --type json", "-p", """[{"op":"test","path":"/spec/nodeName","value":"n1"}]"""));
        await Kubectl.CheckAsync("label instance i-1 tier=front");
        await Kubectl.CheckAsync("label instance i-1 app-");
        await Kubectl.CheckAsync("annotate instance i-1", "note=hello world");
        File.SetUnixFileMode(
            Kubectl.WriteFile("editor", "#!/bin/sh\nsed -i s/t3.micro/t3.large/ \"$1\"\n"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains("edited", await Kubectl.CheckAsync("edit instance i-1"));
        Assert.Equal(
            "n2 t3.large {\"tier\":\"front\"} hello world",
            await Kubectl.CheckAsync("get instance i-1", "-o", "jsonpath={.spec.nodeName} {.spec.instanceType} {.metadata.labels} {.metadata.annotations.note}"));
    }

    [Fact]
    public async Task Deleting_waits_for_finalizers()
    {
        await ApplyAsync();
        await Kubectl.CheckAsync("patch instance i-1 --type merge", "-p", """{"metadata":{"finalizers":["skep.dev/test"]}}""");
        await Kubectl.CheckAsync("delete instance i-1 --wait=false");
        Assert.NotEmpty(await Kubectl.CheckAsync("get instance i-1 -o jsonpath={.metadata.deletionTimestamp}"));
        var isDeleteWatching = Api.RequestSeen("watch=true");
        var deleting = Kubectl.CheckAsync("delete instance i-1 --wait --timeout=30s");
        await isDeleteWatching;
        var isWaitWatching = Api.RequestSeen("watch=true");
        var waiting = Kubectl.CheckAsync("wait --for=delete instance/i-1 --timeout=30s");
        await isWaitWatching;
        await Kubectl.CheckAsync("patch instance i-1 --type merge", "-p", """{"metadata":{"finalizers":null}}""");
        await Task.WhenAll(deleting, waiting);
        Assert.Contains("NotFound", await Kubectl.FailAsync("get instance i-1"));
    }

    [Fact]
    public async Task Explain_reads_our_schemas()
    {
        Assert.Contains("The image the root volume was made from", await Kubectl.CheckAsync("explain instance.spec.imageId"));
        Assert.Contains("Keys and values by which resources are selected", await Kubectl.CheckAsync("explain instance.metadata.labels"));
        Assert.Contains("deleteOnTermination", await Kubectl.CheckAsync("explain instance --recursive"));
    }

    [Fact]
    public async Task Core_kinds_are_made_applied_and_replaced()
    {
        await Kubectl.CheckAsync("create ns proj");
        await Kubectl.CheckAsync("create configmap cm --from-literal=a=1 -n proj");
        await Kubectl.CheckAsync("create secret generic s --from-literal=password=geheim -n proj");
        Assert.Equal("Z2VoZWlt Opaque", await Kubectl.CheckAsync("get secret s -n proj", "-o", "jsonpath={.data.password} {.type}"));
        var file = Kubectl.WriteFile("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: '1', b: '2'}\n");
        await Kubectl.CheckAsync($"apply -f {file}");
        Kubectl.WriteFile("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, labels: {x: z}}\ndata: {b: '3'}\n");
        Assert.Equal("configmap/applied configured", await Kubectl.CheckAsync($"apply -f {file}"));
        Assert.Equal("{\"b\":\"3\"} {\"x\":\"z\"}", await Kubectl.CheckAsync("get cm applied", "-o", "jsonpath={.data} {.metadata.labels}"));
        Assert.Equal("configmap/applied replaced", await Kubectl.CheckAsync($"replace -f {file}"));
        Assert.Contains("namespaces \"none\" not found", await Kubectl.FailAsync("create configmap cm -n none"));
        Assert.Contains("already exists", await Kubectl.FailAsync("create ns proj"));
        await Kubectl.CheckAsync("delete cm --all -n proj");
        Assert.Empty(await Kubectl.CheckAsync("get cm -n proj -o name"));
        await Kubectl.CheckAsync("delete ns proj");
    }

    [Fact]
    public async Task Describe_shows_events()
    {
        await ApplyAsync();
        var client = Api.Resources.Client;
        await client.CreateAsync(
            CoreKinds.Event,
            new Event
            {
                Metadata = { Name = "i-1.1", Namespace = "default" },
                InvolvedObject = new() { Kind = "Instance", Name = "i-1", Namespace = "default", ApiVersion = "compute.skep.dev/v1", Uid = client.View.Get(Skep.Compute.Kinds.ComputeKinds.Instance.Key("default", "i-1"))!.Metadata.Uid },
                Reason = "Started", Message = "it runs", Type = "Normal", Count = 1, LastTimestamp = Api.Resources.Clock.GetUtcNow(),
            },
            TestContext.Current.CancellationToken);
        Assert.Contains("it runs", await Kubectl.CheckAsync("describe instance i-1"));
        Assert.Contains("instance/i-1", await Kubectl.CheckAsync("get events"));
    }

    [Fact]
    public async Task Access_can_be_asked_for()
    {
        Assert.Equal("yes", await Kubectl.CheckAsync("auth can-i create instances"));
        Api.Principal = ApiHost.Reader;
        Assert.Equal("yes", await Kubectl.CheckAsync("auth can-i list instances"));
        var refused = await Kubectl.RunAsync("auth can-i create instances");
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("no", refused.Output);
        Assert.Contains("instances", await Kubectl.CheckAsync("auth can-i --list"));
        Assert.Contains("cannot create resource \"configmaps\"", await Kubectl.FailAsync("create configmap x"));
    }

    protected abstract Task<(string? Program, string Reason)> FindAsync();

    protected async Task ApplyAsync() => await Kubectl.CheckAsync($"apply -f {Kubectl.WriteFile("i.yaml", Manifest)}");
}

/// <summary>The kubectl of Debian's kubernetes-client: OpenAPI v2, legacy discovery.</summary>
public sealed class DebianKubectlTests : KubectlTests
{
    protected override Task<(string? Program, string Reason)> FindAsync() => KubectlPrograms.FindDebianAsync();
}

/// <summary>A current kubectl: OpenAPI v3, aggregated discovery, protobuf bodies.</summary>
public sealed class CurrentKubectlTests : KubectlTests
{
    [Fact]
    public async Task Waiting_for_a_field_ends_when_it_is_so()
    {
        await ApplyAsync();
        var isWatching = Api.RequestSeen("watch=true");
        var waiting = Kubectl.CheckAsync("wait instance/i-1 --timeout=30s", "--for=jsonpath={.status.state}=running");
        await isWatching;
        await Kubectl.CheckAsync("patch instance i-1 --type merge --subresource=status", "-p", """{"status":{"state":"running"}}""");
        Assert.Contains("condition met", await waiting);
    }

    [Fact]
    public async Task Who_am_I_is_answered() =>
        Assert.Matches("Username +admin", await Kubectl.CheckAsync("auth whoami"));

    [Fact]
    public async Task Server_side_apply_is_refused_clearly() =>
        Assert.Contains("Server-side apply not available", await Kubectl.FailAsync($"apply --server-side -f {Kubectl.WriteFile("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n")}"));

    protected override Task<(string? Program, string Reason)> FindAsync() => KubectlPrograms.FindCurrentAsync();
}
