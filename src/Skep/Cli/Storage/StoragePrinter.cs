using System.Text;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Storage;

/// <summary>Prints volumes, snapshots and pools.</summary>
internal static class StoragePrinter
{
    private const int LabelWidth = 14;

    /// <summary>A list as documents or names.</summary>
    public static void WriteList(CliContext context, ApiResource kind, IEnumerable<JsonObject> items, OutputFormat format)
    {
        var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items.Select(i => i.DeepClone())]) };
        new ResourcePrinter(context.Out, format).WriteDocument(kind, list);
    }

    /// <summary>A list as a table, or a sentence on the error side when it is empty.</summary>
    public static Task WriteTableAsync(CliContext context, string[] columns, IReadOnlyList<JsonObject> items, Func<JsonObject, string[]> row, string none) =>
        items.Count == 0 ? context.Error.WriteLineAsync(none) : context.Out.WriteAsync(TextTable.Render(columns, [.. items.Select(row)]));

    /// <summary>What is known of one thing, a line each; what is not known has none.</summary>
    public static Task WriteFieldsAsync(CliContext context, params IEnumerable<(string Label, string? Value)> fields)
    {
        var text = new StringBuilder();
        foreach (var (label, value) in fields)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append($"{label}:".PadRight(LabelWidth)).Append(value).Append('\n');
        }

        return context.Out.WriteAsync(text.ToString());
    }
}
