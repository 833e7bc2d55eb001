using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Skep.Aws.Generator;

/// <summary>
/// Reduces a botocore service model to the operations of a list and the shapes they reach: names on the wire and
/// constraints stay, prose goes. The names of all operations stay too, so that "not served" differs from "unknown".
/// </summary>
internal static partial class ModelTrimmer
{
    /// <summary>Enums that AWS extends all the time; a value outside the list is judged by the operation.</summary>
    private static readonly HashSet<string> _openEnums = new(StringComparer.Ordinal) { "InstanceType" };

    private static readonly string[] _shapeMembers = ["type", "enum", "min", "max", "pattern", "required", "flattened", "sensitive", "payload", "streaming"];
    private static readonly string[] _memberMembers = ["shape", "locationName", "queryName", "idempotencyToken", "flattened", "location"];

    private static readonly string[] _httpMembers = ["method", "requestUri", "responseCode"];

    private static readonly JsonSerializerOptions _compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false };

    public static void Trim(string modelPath, string operationsPath, string outputPath)
    {
        var model = Read(modelPath);
        var wanted = File.ReadAllText(operationsPath).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var all = model["operations"]!.AsObject();
        var names = wanted is ["*"] ? [.. all.Select(o => o.Key)] : wanted;
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        var operations = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var errors = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (all[name] is not JsonObject operation)
                throw new GeneratorException($"{operationsPath} lists {name}, which {modelPath} does not have");
            operations[name] = Operation(model, operation, reached);
            foreach (var error in operation["errors"]?.AsArray() ?? [])
                AddError(model, (string)error!["shape"]!, errors);
        }

        var shapes = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var name in reached)
            shapes[name] = Shape(name, model["shapes"]![name]!.AsObject());
        File.WriteAllText(outputPath, Render(model, all, operations, errors, shapes));
    }

    private static JsonObject Read(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        return JsonNode.Parse(stream)?.AsObject() ?? throw new GeneratorException($"{path} is not a JSON object");
    }

    private static JsonObject Operation(JsonObject model, JsonObject operation, SortedSet<string> reached)
    {
        var result = new JsonObject();
        foreach (var side in (ReadOnlySpan<string>)["input", "output"])
        {
            if (operation[side] is not JsonObject reference)
                continue;
            var shape = (string)reference["shape"]!;
            Reach(model, shape, reached);
            result[side] = shape;
            if (reference["resultWrapper"] is { } wrapper)
                result["resultWrapper"] = (string)wrapper!;
        }

        if (IsRest(model))
            result["http"] = Pick(operation["http"]!.AsObject(), _httpMembers);
        var filters = FilterNames(model, operation);
        if (filters.Count > 0)
            result["filters"] = new JsonArray([.. filters.Select(f => (JsonNode)f)]);
        return result;
    }

    /// <summary>Whether method and path say which operation is meant.</summary>
    private static bool IsRest(JsonObject model) => ((string)model["metadata"]!["protocol"]!).StartsWith("rest-", StringComparison.Ordinal);

    /// <summary>The names of an operation's filters are given only in prose: list items that begin with a code word.</summary>
    private static List<string> FilterNames(JsonObject model, JsonObject operation)
    {
        if (operation["input"] is not JsonObject input
            || model["shapes"]![(string)input["shape"]!]!["members"]!.AsObject() is not { } members
            || (members["Filters"] ?? members["Filter"]) is not JsonObject filters
            || (string?)filters["documentation"] is not { } prose)
            return [];
        return [.. FilterItem().Matches(prose).Select(m => m.Groups[1].Value.Trim()).Distinct().Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("<li>\\s*(?:<p>)?\\s*<code>([a-zA-Z][^<]*)</code>")]
    private static partial Regex FilterItem();

    private static void Reach(JsonObject model, string name, SortedSet<string> reached)
    {
        if (!reached.Add(name))
            return;
        var shape = model["shapes"]![name]!.AsObject();
        foreach (var (_, member) in shape["members"]?.AsObject() ?? [])
            Reach(model, (string)member!["shape"]!, reached);
        foreach (var part in (ReadOnlySpan<string>)["member", "key", "value"])
        {
            if (shape[part] is JsonObject reference)
                Reach(model, (string)reference["shape"]!, reached);
        }
    }

    private static void AddError(JsonObject model, string name, SortedDictionary<string, int> errors)
    {
        if (model["shapes"]![name]!["error"] is JsonObject error)
            errors[(string?)error["code"] ?? name] = (int?)error["httpStatusCode"] ?? 400;
    }

    private static JsonObject Shape(string name, JsonObject shape)
    {
        var result = Pick(shape, _shapeMembers);
        if (_openEnums.Contains(name))
            result.Remove("enum");
        if (shape["members"] is JsonObject members)
            result["members"] = new JsonObject(members.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Key, Pick(m.Value!.AsObject(), _memberMembers))));
        foreach (var part in (ReadOnlySpan<string>)["member", "key", "value"])
        {
            if (shape[part] is JsonObject reference)
                result[part] = Pick(reference, _memberMembers);
        }

        return result;
    }

    private static JsonObject Pick(JsonObject source, string[] members)
    {
        var result = new JsonObject();
        foreach (var member in members)
        {
            if (source[member] is { } value)
                result[member] = value.DeepClone();
        }

        return result;
    }

    /// <summary>One operation or shape a line, so that a newer model shows as a readable difference.</summary>
    private static string Render(
        JsonObject model,
        JsonObject all,
        SortedDictionary<string, JsonObject> operations,
        SortedDictionary<string, int> errors,
        SortedDictionary<string, JsonObject> shapes)
    {
        var metadata = model["metadata"]!;
        var text = new StringBuilder("{\n");
        foreach (var member in (ReadOnlySpan<string>)["endpointPrefix", "apiVersion", "protocol", "xmlNamespace"])
        {
            if ((string?)metadata[member] is not { } value)
                continue; // protocols without XML have no namespace
            if (member == "xmlNamespace" && !value.EndsWith('/'))
                value += "/";
            text.Append($"  \"{member}\": \"{value}\",\n");
        }

        text.Append($"  \"names\": {new JsonArray([.. all.Select(o => (JsonNode)o.Key)]).ToJsonString(_compact)},\n");
        text.Append($"  \"errors\": {new JsonObject(errors.Select(e => KeyValuePair.Create<string, JsonNode?>(e.Key, e.Value))).ToJsonString(_compact)},\n");
        Append(text, "operations", operations);
        text.Append(",\n");
        Append(text, "shapes", shapes);
        return text.Append("\n}\n").ToString();
    }

    private static void Append(StringBuilder text, string name, SortedDictionary<string, JsonObject> items)
    {
        text.Append($"  \"{name}\": {{\n");
        text.AppendJoin(",\n", items.Select(i => $"    \"{i.Key}\": {i.Value.ToJsonString(_compact)}"));
        text.Append("\n  }");
    }
}
