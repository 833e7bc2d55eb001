using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Patches;

/// <summary>JSON merge patch (RFC 7396).</summary>
internal sealed class MergePatch(JsonObject patch) : Patch
{
    /// <inheritdoc/>
    public override JsonObject Apply(JsonObject document)
    {
        Merge(document, patch);
        return document;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject members:
                    if (target[name] is not JsonObject existing)
                    {
                        existing = [];
                        target[name] = existing;
                    }

                    // Into an empty object too: nulls of the patch must not end up in the result.
                    Merge(existing, members);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }
}
