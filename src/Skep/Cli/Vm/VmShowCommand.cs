using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm show</c>.</summary>
internal static class VmShowCommand
{
    private const int LabelWidth = 14;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var vm = VmArguments.One(context);
        var output = OutputOption.Create();
        var verb = new Verb("show", "Show one virtual machine.", "skep vm show web", "skep vm show i-0123456789abcdef0 -o yaml")
        {
            vm, output,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var instance = (await VmList.LoadAsync(client, ct)).Find(parsed.GetRequiredValue(vm));
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Table or OutputFormat.Wide)
                await context.Out.WriteAsync(Render(instance, await VmPrinter.ImageNamesAsync(client, ct), context.Time.GetUtcNow()));
            else
                new ResourcePrinter(context.Out, format).WriteDocument(ApiResource.Instances, instance);
            return ExitCode.Success;
        });
        return verb;
    }

    private static string Render(JsonObject instance, IReadOnlyDictionary<string, string> images, DateTimeOffset now)
    {
        var text = new StringBuilder();
        var image = instance.TextAt("spec.imageId") ?? "";
        Line(text, "Id", instance.Name());
        Line(text, "Name", instance.Tag("Name"));
        Line(text, "State", VmList.StateOf(instance) + VmWait.ReasonOf(instance));
        Line(text, "Type", instance.TextAt("spec.instanceType"));
        Line(text, "Image", images.TryGetValue(image, out var name) ? $"{name} ({image})" : image);
        Line(text, "Address", instance.TextAt("status.privateIpAddress"));
        Line(text, "Key", instance.TextAt("spec.keyName"));
        Line(text, "Node", instance.TextAt("spec.nodeName"));
        Line(text, "Zone", instance.TextAt("spec.availabilityZone"));
        Line(text, "Acceleration", instance.TextAt("status.acceleration"));
        foreach (var disk in instance.ItemsAt("spec.blockDevices"))
            Line(text, "Disk", $"{disk.TextAt("volumeId")} as {disk.TextAt("deviceName")}{(disk.TextAt("deleteOnTermination") == "true" ? ", deleted with the VM" : ", kept")}");
        foreach (var card in instance.ItemsAt("spec.networkInterfaces"))
            Line(text, "Interface", card.TextAt("networkInterfaceId"));
        foreach (var (key, value) in instance.At("spec.tags") as JsonObject ?? [])
            Line(text, "Tag", $"{key}={JsonPaths.Scalar(value)}");
        if (instance.TextAt("status.launchTime") is { } launched)
            Line(text, "Launched", $"{launched} ({Age.Of(launched, now)} ago)");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            text.Append($"{label}:".PadRight(LabelWidth)).Append(value).Append('\n');
    }
}
