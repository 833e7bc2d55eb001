using System.Text.Json;
using Skep.Core.Resources;

namespace Skep.Kubernetes.Output;

/// <summary>One column of a Table and how its cells are made.</summary>
internal sealed record TableColumn(string Name, string Type, string Format, string Description, int Priority, Action<Utf8JsonWriter, JsonElement, DateTimeOffset> WriteCell);

/// <summary>The columns of each kind: Name, those that the kind declares, Age. A few of Kubernetes' own kinds show what no path can say.</summary>
internal static class TableColumns
{
    private static readonly TableColumn _name = new(
        "Name", "string", "name", "Name of the resource, unique within its namespace.", 0, static (w, e, _) => WriteText(w, e, "metadata.name"));

    private static readonly TableColumn _age = new(
        "Age", "string", "", "Time since the resource was created.", 0, static (w, e, now) => WriteAge(w, e, "metadata.creationTimestamp", now));

    private static readonly TableColumn _data = new(
        "Data", "integer", "", "Number of keys.", 0, static (w, e, _) => w.WriteNumberValue(CountMembers(e, "data") + CountMembers(e, "binaryData")));

    /// <summary>The columns of a kind.</summary>
    public static IReadOnlyList<TableColumn> Of(Kind kind)
    {
        var own = kind.Columns.Select(Make);
        if (kind == CoreKinds.Event)
        {
            // kubectl shows events by what they are about; their own names say nothing.
            return [.. own.Select(c => c.Name == "Object" ? c with { WriteCell = WriteInvolvedObject } : c), _name with { Priority = 1 }];
        }

        var hasData = kind == CoreKinds.Secret || kind == CoreKinds.ConfigMap;
        return [_name, .. own, .. hasData ? [_data] : Array.Empty<TableColumn>(), _age];
    }

    private static TableColumn Make(Column column) => new(
        column.Name,
        column.Type,
        "",
        column.Description,
        column.Wide ? 1 : 0,
        column.Type switch
        {
            "date" => (w, e, now) => WriteAge(w, e, column.Path, now),
            "integer" or "number" or "boolean" => (w, e, _) => WriteTyped(w, e, column.Path),
            _ => (w, e, _) => WriteText(w, e, column.Path),
        });

    private static void WriteText(Utf8JsonWriter writer, JsonElement document, string path) =>
        writer.WriteStringValue(JsonFieldPath.Find(document, path) is { } value && JsonFieldPath.Text(value) is { Length: > 0 } text ? text : "<none>");

    private static void WriteTyped(Utf8JsonWriter writer, JsonElement document, string path)
    {
        if (JsonFieldPath.Find(document, path) is { } value)
            value.WriteTo(writer);
        else
            writer.WriteNullValue();
    }

    private static void WriteAge(Utf8JsonWriter writer, JsonElement document, string path, DateTimeOffset now)
    {
        var value = JsonFieldPath.Find(document, path);
        writer.WriteStringValue(value is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var then) ? HumanAge.Format(then, now) : "<unknown>");
    }

    private static void WriteInvolvedObject(Utf8JsonWriter writer, JsonElement document, DateTimeOffset now)
    {
        var kind = JsonFieldPath.Find(document, "involvedObject.kind") is { } k ? JsonFieldPath.Text(k).ToLowerInvariant() : "";
        var name = JsonFieldPath.Find(document, "involvedObject.name") is { } n ? JsonFieldPath.Text(n) : "";
        writer.WriteStringValue($"{kind}/{name}");
    }

    private static int CountMembers(JsonElement document, string member) =>
        document.TryGetProperty(member, out var map) && map.ValueKind is JsonValueKind.Object ? map.GetPropertyCount() : 0;
}
