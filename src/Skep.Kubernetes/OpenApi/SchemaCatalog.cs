using System.Collections.Concurrent;
using Skep.Core.Resources;

namespace Skep.Kubernetes.OpenApi;

/// <summary>
/// The schema of each kind: read from its typed view, completed with the fields of Kubernetes' own kinds that Skep keeps
/// but does not read. Made on first use and kept. Thread-safe.
/// </summary>
internal sealed class SchemaCatalog
{
    /// <summary>The definition that all kinds share.</summary>
    public const string ObjectMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    private readonly ConcurrentDictionary<Kind, Schema> _schemas = new();

    /// <summary>The schema of metadata.</summary>
    public static Schema ObjectMeta { get; } = CompleteMetadata(SchemaReader.Read(CoreJson.Default.ObjectMeta));

    /// <summary>The schema of a kind.</summary>
    public Schema Of(Kind kind) => _schemas.GetOrAdd(kind, static k => Make(k));

    /// <summary>The name under which a kind's schema is published: the group reversed, version, kind.</summary>
    public static string NameOf(Kind kind)
    {
        var group = kind.Group.Length == 0 ? "io.k8s.api.core" : string.Join('.', kind.Group.Split('.').Reverse());
        return $"{group}.{kind.Version}.{kind.Name}";
    }

    /// <summary>Kinds that clients know from Kubernetes and patch strategically.</summary>
    public static bool IsBuiltIn(Kind kind) =>
        !kind.Group.Contains('.', StringComparison.Ordinal) || kind.Group.EndsWith(".k8s.io", StringComparison.Ordinal);

    private static Schema Make(Kind kind)
    {
        var schema = SchemaReader.Read(kind.TypeInfo) with { Description = kind.Description };
        var metadata = ObjectMeta with { Reference = ObjectMetaName, Description = "Standard object metadata." };
        schema = schema.With(("metadata", metadata));
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)[("spec", "What is wanted."), ("status", "What is. Set by the system.")])
        {
            if (schema.Properties.TryGetValue(name, out var part) && part.Description.Length == 0)
                schema = schema.With((name, part with { Description = text }));
        }

        return Complete(kind, schema);
    }

    private static Schema CompleteMetadata(Schema schema) => schema.With(
        ("selfLink", Schema.Of("string", "No longer set by servers.")),
        ("managedFields", Schema.ListOf(Schema.Of("object"), "Which manager set which fields; kept as sent.")),
        ("finalizers", schema.Properties["finalizers"] with { PatchStrategy = "merge" }),
        ("ownerReferences", schema.Properties["ownerReferences"] with { PatchStrategy = "merge", PatchMergeKey = "uid" }));

    private static Schema Complete(Kind kind, Schema schema)
    {
        var text = Schema.Of("string");
        var texts = Schema.ListOf(text);
        var open = Schema.Of("object");
        var conditions = Schema.ListOf(open) with { PatchStrategy = "merge", PatchMergeKey = "type" };
        if (kind == CoreKinds.Namespace)
        {
            return schema.With(
                ("spec", Schema.Of("object", "What is wanted.").With(("finalizers", texts))),
                ("status", schema.Properties["status"].With(("conditions", conditions))));
        }

        if (kind == CoreKinds.Node)
        {
            return schema.With(
                ("spec", schema.Properties["spec"].With(
                    ("podCIDR", text), ("podCIDRs", texts with { PatchStrategy = "merge" }), ("providerID", text),
                    ("taints", Schema.ListOf(open)), ("configSource", open), ("externalID", text))),
                ("status", open with { Description = "What is. Set by the system." }));
        }

        return kind == CoreKinds.Event
            ? schema.With(
                ("source", Schema.Of("object").With(("component", text), ("host", text))),
                ("eventTime", text), ("series", open), ("action", text), ("related", open))
            : schema;
    }
}
