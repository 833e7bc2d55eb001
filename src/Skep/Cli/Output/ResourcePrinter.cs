using System.Text.Json.Nodes;
using Skep.Cli.Client;

namespace Skep.Cli.Output;

/// <summary>Writes resources in the format asked for.</summary>
internal sealed class ResourcePrinter(TextWriter output, OutputFormat format)
{
    /// <summary>Whether the format is made from the server's tables.</summary>
    public bool NeedsTable => format is OutputFormat.Table or OutputFormat.Wide;

    /// <summary>One resource or a List, in one of the formats that show documents.</summary>
    public void WriteDocument(ApiResource kind, JsonObject document)
    {
        switch (format)
        {
            case OutputFormat.Json:
                output.Write(JsonText.Render(document));
                break;
            case OutputFormat.Yaml:
                output.Write(YamlWriter.Render(document));
                break;
            default:
                foreach (var item in document["items"] is JsonArray items ? items : [document.DeepClone()])
                    output.Write($"{kind.SingularName}/{item.Name()}\n");
                break;
        }
    }

    /// <summary>One of many documents on a stream: YAML documents are set apart.</summary>
    public void WriteStreamed(ApiResource kind, JsonObject document)
    {
        if (format == OutputFormat.Yaml)
            output.Write("---\n");
        WriteDocument(kind, document);
        output.Flush();
    }

    /// <summary>A server's Table object; returns its layout for rows that follow.</summary>
    public TextTable WriteTable(JsonObject table, bool withNamespace)
    {
        var rows = Rows(table, withNamespace);
        var layout = new TextTable(Columns(table, withNamespace), rows);
        output.Write(layout.Header);
        WriteRows(layout, rows);
        return layout;
    }

    /// <summary>The rows of a Table object in an earlier table's layout.</summary>
    public void WriteRows(TextTable layout, JsonObject table, bool withNamespace) => WriteRows(layout, Rows(table, withNamespace));

    private void WriteRows(TextTable layout, List<IReadOnlyList<string>> rows)
    {
        foreach (var row in rows)
            output.Write(layout.Line(row));
        output.Flush();
    }

    private IEnumerable<string> Columns(JsonObject table, bool withNamespace) =>
        (withNamespace ? ["Namespace"] : Array.Empty<string>()).Concat(Shown(table).Select(c => c.Name));

    private List<IReadOnlyList<string>> Rows(JsonObject table, bool withNamespace)
    {
        var shown = Shown(table);
        return [.. table.ItemsAt("rows").Select(row => (IReadOnlyList<string>)
        [
            .. withNamespace ? [row.TextAt("object.metadata.namespace") ?? ""] : Array.Empty<string>(),
            .. shown.Select(c => JsonPaths.Scalar(row["cells"]?.AsArray().ElementAtOrDefault(c.Index)) ?? ""),
        ])];
    }

    // Priority above 0 means: only with -o wide.
    private List<(string Name, int Index)> Shown(JsonObject table) =>
        [.. table.ItemsAt("columnDefinitions")
            .Select((c, i) => (Name: c.TextAt("name") ?? "", Index: i, Priority: c.TextAt("priority") ?? "0"))
            .Where(c => format == OutputFormat.Wide || c.Priority == "0")
            .Select(c => (c.Name, c.Index))];
}
