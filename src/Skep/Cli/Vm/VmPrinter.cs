using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Vm;

/// <summary>Writes virtual machines in the format asked for.</summary>
internal static class VmPrinter
{
    private static readonly string[] _columns = ["Name", "Id", "State", "Type", "Image", "Address", "Age"];
    private static readonly string[] _wideColumns = [.. _columns, "Node", "Key", "Acceleration", "Reason"];

    /// <summary>Several machines: a table, or a List document.</summary>
    public static async Task WriteListAsync(CliContext context, SkepClient client, IReadOnlyList<JsonObject> instances, OutputFormat format, CancellationToken ct)
    {
        if (format is OutputFormat.Table or OutputFormat.Wide)
        {
            if (instances.Count == 0)
            {
                await context.Error.WriteLineAsync("no VMs");
                return;
            }

            var images = await ImageNamesAsync(client, ct);
            await context.Out.WriteAsync(Table(instances, images, context.Time.GetUtcNow(), format == OutputFormat.Wide));
            return;
        }

        var list = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "List", ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. instances.Select(i => i.DeepClone())]),
        };
        new ResourcePrinter(context.Out, format).WriteDocument(ApiResource.Instances, list);
    }

    /// <summary>The table of machines. <paramref name="images"/> gives names to image ids.</summary>
    public static string Table(IEnumerable<JsonObject> instances, IReadOnlyDictionary<string, string> images, DateTimeOffset now, bool isWide) =>
        TextTable.Render(isWide ? _wideColumns : _columns, [.. instances.Select(i => Row(i, images, now))]);

    /// <summary>Image ids and their names.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ImageNamesAsync(SkepClient client, CancellationToken ct)
    {
        var images = await client.Resources.ListAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        return images.ItemsAt("items").ToDictionary(i => i.Name(), i => i.TextAt("spec.name") ?? i.Name(), StringComparer.Ordinal);
    }

    private static string[] Row(JsonObject instance, IReadOnlyDictionary<string, string> images, DateTimeOffset now)
    {
        var image = instance.TextAt("spec.imageId") ?? "";
        return
        [
            instance.Tag("Name") ?? "-",
            instance.Name(),
            VmList.StateOf(instance),
            instance.TextAt("spec.instanceType") ?? "",
            images.GetValueOrDefault(image, image),
            instance.TextAt("status.privateIpAddress") ?? "-",
            Age.Of(instance.TextAt("status.launchTime") ?? instance.TextAt("metadata.creationTimestamp"), now),
            instance.TextAt("spec.nodeName") ?? "-",
            instance.TextAt("spec.keyName") ?? "-",
            instance.TextAt("status.acceleration") ?? "-",
            instance.TextAt("status.stateReason.message") ?? "",
        ];
    }
}
