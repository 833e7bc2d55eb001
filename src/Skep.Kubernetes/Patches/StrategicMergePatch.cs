using System.Text.Json.Nodes;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Patches;

/// <summary>
/// Kubernetes' strategic merge patch: a merge patch in which lists that have a merge key (by the schema) are merged element
/// by element, with the directives <c>$patch</c>, <c>$retainKeys</c>, <c>$setElementOrder/…</c> and <c>$deleteFromPrimitiveList/…</c>.
/// </summary>
internal sealed class StrategicMergePatch(JsonObject patch, Schema schema) : Patch
{
    private const string PatchDirective = "$patch";
    private const string RetainKeysDirective = "$retainKeys";
    private const string OrderPrefix = "$setElementOrder/";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";

    /// <summary>Elements of a list that is merged: each is compared with each.</summary>
    private const int MergedElementsMax = 1_000;

    /// <inheritdoc/>
    public override JsonObject Apply(JsonObject document) => Merge(document, patch, schema);

    private static JsonObject Merge(JsonObject target, JsonObject patch, Schema schema)
    {
        switch (Directive(patch))
        {
            case "replace":
                return WithoutDirectives(patch);
            case "delete":
                return [];
        }

        if (patch[RetainKeysDirective] is JsonArray retained)
        {
            var keep = retained.Select(k => Text(k, RetainKeysDirective)).ToHashSet();
            foreach (var name in target.Select(m => m.Key).Where(n => !keep.Contains(n)).ToList())
                target.Remove(name);
        }

        foreach (var (name, value) in patch)
        {
            if (value is JsonArray { Count: > MergedElementsMax } && name.StartsWith('$'))
                throw ApiErrors.BadRequest($"{ApiRequest.Shorten(name)} has more than {MergedElementsMax} elements");
            if (name.StartsWith(DeletePrefix, StringComparison.Ordinal) && value is JsonArray removed && target[name[DeletePrefix.Length..]] is JsonArray list)
            {
                foreach (var item in list.Where(i => removed.Any(r => JsonNode.DeepEquals(r, i))).ToList())
                    list.Remove(item);
            }
        }

        foreach (var (name, value) in patch)
        {
            if (!name.StartsWith('$'))
                MergeMember(target, name, value, schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties ?? Schema.Any);
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(OrderPrefix, StringComparison.Ordinal) && value is JsonArray order && target[name[OrderPrefix.Length..]] is JsonArray list)
                Reorder(list, order, schema.Properties.GetValueOrDefault(name[OrderPrefix.Length..])?.PatchMergeKey ?? "");
        }

        return target;
    }

    private static void MergeMember(JsonObject target, string name, JsonNode? value, Schema schema)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject members:
                if (Directive(members) == "delete")
                {
                    target.Remove(name);
                    break;
                }

                var existing = target[name] as JsonObject ?? [];
                target.Remove(name);
                target[name] = Merge(existing, members, schema);
                break;
            case JsonArray items when schema.PatchStrategy == "merge" && target[name] is JsonArray current:
                if (items.Count > MergedElementsMax)
                    throw ApiErrors.BadRequest($"{ApiRequest.Shorten(name)} of the patch has more than {MergedElementsMax} elements");
                if (schema.PatchMergeKey.Length > 0)
                    MergeKeyed(current, items, schema);
                else
                    MergePrimitives(current, items);
                break;
            case JsonArray items:
                target[name] = new JsonArray([.. items.Where(i => i is not JsonObject o || Directive(o) is "").Select(i => i?.DeepClone())]);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static void MergePrimitives(JsonArray current, JsonArray items)
    {
        foreach (var item in items.Where(item => !current.Any(c => JsonNode.DeepEquals(c, item))))
            current.Add(item?.DeepClone());
    }

    private static void MergeKeyed(JsonArray current, JsonArray items, Schema schema)
    {
        if (items.Any(i => i is JsonObject o && Directive(o) == "replace"))
        {
            current.Clear();
            foreach (var item in items.Where(i => i is JsonObject o && Directive(o) == ""))
                current.Add(item!.DeepClone());
            return;
        }

        foreach (var node in items)
        {
            if (node is not JsonObject item || item[schema.PatchMergeKey] is not { } key)
                throw ApiErrors.BadRequest($"an element of the patch does not contain the merge key {schema.PatchMergeKey}");
            var index = IndexOf(current, schema.PatchMergeKey, key);
            switch (Directive(item))
            {
                case "delete":
                    if (index >= 0)
                        current.RemoveAt(index);
                    break;
                default:
                    var existing = index >= 0 ? (JsonObject)current[index]!.DeepClone() : [];
                    var merged = Merge(existing, item, schema.Items ?? Schema.Any);
                    if (index >= 0)
                        current[index] = merged;
                    else
                        current.Add((JsonNode)merged);
                    break;
            }
        }
    }

    // Elements that the order names come in that order; the others keep their places behind them.
    private static void Reorder(JsonArray list, JsonArray order, string mergeKey)
    {
        int Rank(JsonNode? item)
        {
            for (var i = 0; i < order.Count; i++)
            {
                var wanted = mergeKey.Length > 0 ? (order[i] as JsonObject)?[mergeKey] : order[i];
                var actual = mergeKey.Length > 0 ? (item as JsonObject)?[mergeKey] : item;
                if (JsonNode.DeepEquals(wanted, actual))
                    return i;
            }

            return int.MaxValue;
        }

        var sorted = list.OrderBy(Rank).ToList();
        list.Clear();
        foreach (var item in sorted)
            list.Add(item);
    }

    private static int IndexOf(JsonArray list, string mergeKey, JsonNode key)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is JsonObject item && JsonNode.DeepEquals(item[mergeKey], key))
                return i;
        }

        return -1;
    }

    private static JsonObject WithoutDirectives(JsonObject patch)
    {
        var copy = (JsonObject)patch.DeepClone();
        foreach (var name in copy.Select(m => m.Key).Where(n => n.StartsWith('$')).ToList())
            copy.Remove(name);
        return copy;
    }

    private static string Directive(JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(PatchDirective, out var node))
            return "";
        return Text(node, PatchDirective) switch
        {
            "merge" => "",
            "replace" => "replace",
            "delete" => "delete",
            var other => throw ApiErrors.BadRequest($"unknown {PatchDirective} directive \"{ApiRequest.Shorten(other)}\": expected merge, replace or delete"),
        };
    }

    private static string Text(JsonNode? node, string what) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw ApiErrors.BadRequest($"{what}: expected a string");
}
