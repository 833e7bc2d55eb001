using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Images;

public sealed class ImageVerbsTests : IAsyncLifetime
{
    private FakeCloud _cloud = null!;

    public async ValueTask InitializeAsync() => _cloud = await FakeCloud.StartAsync();

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task Build_follows_the_import_to_the_image()
    {
        Agent("Succeeded");
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("image build tiny"));
        Assert.Equal("ami-0new\n", cli.Out.ToString());
        Assert.Contains("Building tiny: unpacking", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("tiny (ami-0new) is ready", cli.Error.ToString(), StringComparison.Ordinal);
        var import = _cloud.Resources.Find(ApiResource.ImageImports, "build-1");
        Assert.Equal("tiny", import.TextAt("spec.source.build"));
        Assert.Equal("us-east-1", import.At("spec.imageLabels")!["topology.kubernetes.io/region"]!.GetValue<string>());
    }

    [Fact]
    public async Task Build_says_why_it_failed()
    {
        Agent("Failed", "mmdebstrap is not installed");
        var cli = _cloud.Cli;
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("image build debian-12"));
        Assert.Contains("Building debian-12 failed: mmdebstrap is not installed", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_returns_at_once_when_told_so()
    {
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("image build tiny --no-wait"));
        Assert.Equal("imageimport.compute.skep.dev/build-1\n", cli.Out.ToString());
    }

    [Fact]
    public async Task Import_sends_an_absolute_path_and_what_is_known()
    {
        Agent("Succeeded");
        using var files = new TempDirectory();
        var file = files.File("appliance.qcow2", "QFI");
        Assert.Equal(0, await _cloud.Cli.RunAsync($"image import {file} --boot-mode bios --user admin"));
        var spec = _cloud.Resources.Find(ApiResource.ImageImports, "import-1").At("spec");
        Assert.Equal((file, "appliance", "bios", "admin"), (spec.TextAt("source.path"), spec.TextAt("name"), spec.TextAt("bootMode"), spec.TextAt("defaultUser")));
    }

    [Theory]
    [InlineData("image build nosuch", ExitCode.Usage, "nosuch")]
    [InlineData("image build tiny --name debian-12", ExitCode.Conflict, "there is an image debian-12 (ami-0aaa) already")]
    [InlineData("image import /nonexistent/x.qcow2", ExitCode.NotFound, "no such file")]
    [InlineData("image remove nosuch", ExitCode.NotFound, "there is no image \"nosuch\"")]
    [InlineData("image remove debian-12", ExitCode.Conflict, "is used by web (i-1)")]
    public async Task Failures_have_their_exit_code_and_name_the_thing(string line, int code, string part)
    {
        PutImage("ami-0aaa", "debian-12");
        _cloud.Resources.Put(ApiResource.Instances, "i-1", new JsonObject { ["spec"] = new JsonObject { ["imageId"] = "ami-0aaa", ["tags"] = new JsonObject { ["Name"] = "web" } } });
        var cli = _cloud.Cli;
        Assert.Equal(code, await cli.RunAsync(line));
        Assert.Contains(part, cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_deletes_the_image()
    {
        PutImage("ami-0aaa", "debian-12");
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("image rm debian-12"));
        Assert.Null(_cloud.Resources.Find(ApiResource.Images, "ami-0aaa"));
    }

    // What the node's agent does with an import: a step at once, its end when the client watches.
    private void Agent(string end, string message = "done")
    {
        _cloud.Resources.OnWrite = (path, document) =>
        {
            if (path.Contains("/imageimports/", StringComparison.Ordinal) && document["status"] is null)
                Report(document, new JsonObject { ["phase"] = "Running", ["progress"] = 40, ["message"] = "unpacking" });
        };
        _cloud.Override = context =>
        {
            if (context.Request.Query["watch"] == "true")
            {
                var import = _cloud.Resources.Find(ApiResource.ImageImports, context.Request.Query["fieldSelector"].ToString()["metadata.name=".Length..])!;
                PutImage("ami-0new", import.TextAt("spec.name")!);
                Report(import, new JsonObject { ["phase"] = end, ["progress"] = 100, ["message"] = message, ["imageId"] = "ami-0new" });
            }

            return Task.FromResult(false);
        };
    }

    private void Report(JsonObject import, JsonObject status)
    {
        var next = import.DeepClone().AsObject();
        next["status"] = status;
        _cloud.Resources.Put(ApiResource.ImageImports, import.Name(), next);
    }

    private void PutImage(string id, string name) => _cloud.Resources.Put(ApiResource.Images, id, new JsonObject
    {
        ["spec"] = new JsonObject { ["name"] = name }, ["status"] = new JsonObject { ["state"] = "available" },
    });
}
