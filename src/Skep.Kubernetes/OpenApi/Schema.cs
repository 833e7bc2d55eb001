namespace Skep.Kubernetes.OpenApi;

/// <summary>
/// The part of OpenAPI's schema object that Kubernetes uses. Immutable. <see cref="Type"/> is "object", "array", "string",
/// "integer", "number", "boolean", or "" for any value.
/// </summary>
internal sealed record Schema
{
    public string Type { get; init; } = "";
    public string Format { get; init; } = "";
    public string Description { get; init; } = "";

    /// <summary>Members of an object, in the order of the typed view.</summary>
    public IReadOnlyDictionary<string, Schema> Properties { get; init; } = new Dictionary<string, Schema>();

    /// <summary>What the elements of an array are.</summary>
    public Schema? Items { get; init; }

    /// <summary>What the values of a map are.</summary>
    public Schema? AdditionalProperties { get; init; }

    /// <summary>The member that identifies an element in strategic merge patches.</summary>
    public string PatchMergeKey { get; init; } = "";

    /// <summary>"merge" for lists that strategic merge patches merge.</summary>
    public string PatchStrategy { get; init; } = "";

    /// <summary>Name of a shared definition that this schema stands for, for documents that name it once.</summary>
    public string Reference { get; init; } = "";

    /// <summary>An object of which nothing more is said: any member is known.</summary>
    public bool IsOpen => Type.Length == 0 || (Type == "object" && Properties.Count == 0 && AdditionalProperties is null);

    /// <summary>Any value.</summary>
    public static Schema Any { get; } = new();

    /// <summary>A schema of one primitive type.</summary>
    public static Schema Of(string type, string description = "") => new() { Type = type, Description = description };

    /// <summary>A list.</summary>
    public static Schema ListOf(Schema items, string description = "") => new() { Type = "array", Items = items, Description = description };

    /// <summary>The schema at a path of members ("spec.attachment.instanceId"), or null.</summary>
    public Schema? Find(string path)
    {
        var schema = this;
        foreach (var part in path.Split('.'))
        {
            if (!schema.Properties.TryGetValue(part, out var next))
                return null;
            schema = next;
        }

        return schema;
    }

    /// <summary>This schema with members replaced or added.</summary>
    public Schema With(params (string Name, Schema Schema)[] members)
    {
        var properties = new Dictionary<string, Schema>(Properties);
        foreach (var (name, schema) in members)
            properties[name] = schema;
        return this with { Properties = properties };
    }
}
