using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Patches;

/// <summary>JSON patch (RFC 6902). The number of operations, the depth of the result and all that is copied are limited.</summary>
internal sealed class JsonPatch : Patch
{
    /// <summary>Operations of one patch, as upstream.</summary>
    public const int OperationsMax = 10_000;

    /// <summary>Bytes, roughly, that the copy operations of one patch may add together.</summary>
    public const int CopiedBytesMax = RequestBody.BytesMax;

    /// <summary>Values that one patch may walk over, so that many moves of a big tree cost no minutes.</summary>
    private const long VisitsMax = 5_000_000;

    private readonly Kind _kind;
    private readonly List<Operation> _operations;

    public JsonPatch(JsonArray operations, Kind kind)
    {
        _kind = kind;
        if (operations.Count > OperationsMax)
            throw new ApiException(413, "RequestEntityTooLarge", $"the allowed maximum operations in a JSON patch is {OperationsMax}, got {operations.Count}");
        _operations = [.. operations.Select(Read)];
    }

    /// <inheritdoc/>
    public override JsonObject Apply(JsonObject document)
    {
        JsonNode? root = document;
        var name = (string?)document["metadata"]?["name"] ?? "";
        var cost = new Cost();
        for (var i = 0; i < _operations.Count; i++)
        {
            var operation = _operations[i];
            try
            {
                ApplyOne(ref root, operation, cost);
            }
            catch (PatchFailure failure)
            {
                throw Refused(_kind, name, i, operation, failure.Message);
            }
        }

        return root as JsonObject ?? throw ApiErrors.BadRequest("the patched document must be an object");
    }

    private static ApiException Refused(Kind kind, string name, int index, Operation operation, string why)
    {
        var cause = new StatusCause("FieldValueInvalid", $"operation {index} ({operation.Op}): {why}", operation.PathText.Length == 0 ? "/" : ApiRequest.Shorten(operation.PathText));
        return new(422, "Invalid", $"the server rejected our request due to an error in our request: {cause.Field}: {cause.Message}")
        {
            Details = new(name, kind.Group, kind.Name) { Causes = [cause] },
        };
    }

    private static Operation Read(JsonNode? node, int index)
    {
        if (node is not JsonObject o)
            throw ApiErrors.BadRequest($"operation {index} of the JSON patch must be an object");
        var op = Text(o, "op", index);
        if (op is not ("add" or "remove" or "replace" or "move" or "copy" or "test"))
            throw ApiErrors.BadRequest($"operation {index} of the JSON patch: op must be add, remove, replace, move, copy or test, not \"{ApiRequest.Shorten(op)}\"");
        if (op is "add" or "replace" or "test" && !o.ContainsKey("value"))
            throw ApiErrors.BadRequest($"operation {index} of the JSON patch: {op} needs a value");
        var path = Text(o, "path", index);
        var from = op is "move" or "copy" ? JsonPointer.Parse(Text(o, "from", index)) : [];
        return new Operation(op, path, JsonPointer.Parse(path), from, o["value"]);
    }

    private static string Text(JsonObject operation, string member, int index) =>
        operation[member] is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw ApiErrors.BadRequest($"operation {index} of the JSON patch: {member} must be a string");

    private static void ApplyOne(ref JsonNode? root, Operation operation, Cost cost)
    {
        switch (operation.Op)
        {
            case "add":
                Add(ref root, operation.Path, operation.Value?.DeepClone(), cost);
                break;
            case "remove":
                Remove(root, operation.Path);
                break;
            case "replace":
                Replace(ref root, operation.Path, operation.Value?.DeepClone(), cost);
                break;
            case "test":
                if (!JsonNode.DeepEquals(Get(root, operation.Path), operation.Value))
                    throw new PatchFailure("the test failed: the value is different");
                break;
            case "move":
                if (operation.Path.Length > operation.From.Length && operation.Path.AsSpan(0, operation.From.Length).SequenceEqual(operation.From))
                    throw new PatchFailure("a value cannot be moved into itself");
                var moved = Get(root, operation.From);
                if (operation.Path.AsSpan().SequenceEqual(operation.From))
                    break;
                Remove(root, operation.From);
                Add(ref root, operation.Path, moved, cost);
                break;
            case "copy":
                var copy = Get(root, operation.From);
                cost.CopiedBytes += SizeOf(copy);
                if (cost.CopiedBytes > CopiedBytesMax)
                    throw new PatchFailure($"the copies of the patch add more than {CopiedBytesMax} bytes");
                Add(ref root, operation.Path, copy?.DeepClone(), cost);
                break;
        }
    }

    private static JsonNode? Get(JsonNode? root, ReadOnlySpan<string> path)
    {
        var node = root;
        foreach (var part in path)
            node = Child(node, part);
        return node;
    }

    private static JsonNode? Child(JsonNode? parent, string part)
    {
        switch (parent)
        {
            case JsonObject members:
                return members.TryGetPropertyValue(part, out var value) ? value : throw new PatchFailure($"member \"{ApiRequest.Shorten(part)}\" does not exist");
            case JsonArray items:
                return items[Index(part, items.Count - 1)];
            default:
                throw new PatchFailure($"\"{ApiRequest.Shorten(part)}\" is not inside an object or list");
        }
    }

    private static int Index(string part, int max)
    {
        var isCanonical = part.Length > 0 && (part.Length == 1 || part[0] != '0') && part.All(char.IsAsciiDigit);
        if (!isCanonical || !int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            throw new PatchFailure($"\"{ApiRequest.Shorten(part)}\" is not an index of a list");
        return index <= max ? index : throw new PatchFailure($"index {index} is beyond the end of the list");
    }

    private static void Add(ref JsonNode? root, string[] path, JsonNode? value, Cost cost)
    {
        // Checked on every step: a copy into itself would double the depth with each operation.
        if (path.Length + DepthOf(value, cost) > ResourceDocument.DepthMax)
            throw new PatchFailure($"the result would nest deeper than {ResourceDocument.DepthMax}");
        if (path.Length == 0)
        {
            root = value;
            return;
        }

        switch (Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject members:
                members[path[^1]] = value;
                break;
            case JsonArray items:
                items.Insert(path[^1] == "-" ? items.Count : Index(path[^1], items.Count), value);
                break;
            default:
                throw new PatchFailure("the parent is not an object or list");
        }
    }

    private static void Remove(JsonNode? root, string[] path)
    {
        if (path.Length == 0)
            throw new PatchFailure("the whole document cannot be removed");
        Get(root, path);
        switch (Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject members:
                members.Remove(path[^1]);
                break;
            case JsonArray items:
                items.RemoveAt(Index(path[^1], items.Count - 1));
                break;
        }
    }

    private static void Replace(ref JsonNode? root, string[] path, JsonNode? value, Cost cost)
    {
        Get(root, path);
        if (path.Length > 0 && Get(root, path.AsSpan(0, path.Length - 1)) is JsonArray items)
        {
            if (path.Length + DepthOf(value, cost) > ResourceDocument.DepthMax)
                throw new PatchFailure($"the result would nest deeper than {ResourceDocument.DepthMax}");
            items[Index(path[^1], items.Count - 1)] = value;
            return;
        }

        Add(ref root, path, value, cost);
    }

    private static int DepthOf(JsonNode? node, Cost cost)
    {
        if (++cost.Visits > VisitsMax)
            throw new PatchFailure("the patch moves too much");
        return node switch
        {
            JsonObject members => 1 + members.Select(m => DepthOf(m.Value, cost)).DefaultIfEmpty(0).Max(),
            JsonArray items => 1 + items.Select(i => DepthOf(i, cost)).DefaultIfEmpty(0).Max(),
            _ => 0,
        };
    }

    private static long SizeOf(JsonNode? node) => node switch
    {
        JsonObject members => 2 + members.Sum(m => m.Key.Length + 4 + SizeOf(m.Value)),
        JsonArray items => 2 + items.Sum(i => 1 + SizeOf(i)),
        JsonValue value when value.TryGetValue<string>(out var text) => 2 + text.Length,
        _ => 8,
    };

    private sealed record Operation(string Op, string PathText, string[] Path, string[] From, JsonNode? Value);

    private sealed class Cost
    {
        public long CopiedBytes { get; set; }
        public long Visits { get; set; }
    }

    private sealed class PatchFailure(string message) : Exception(message);
}
