using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Skep.Core.Resources;

/// <summary>Whether the resources of a kind live in a namespace.</summary>
public enum ResourceScope
{
    /// <summary>The name is unique in a namespace.</summary>
    Namespaced,

    /// <summary>The name is unique in the whole cluster.</summary>
    Cluster,
}

/// <summary>
/// What the platform knows of a kind: its names, schema, columns and rules. One instance a kind, made by the room
/// that owns the documents and collected in the <see cref="KindRegistry"/>.
/// </summary>
public abstract class Kind
{
    /// <summary>API group, "" for Kubernetes' core group.</summary>
    public required string Group { get; init; }

    /// <summary>API version, for example "v1".</summary>
    public string Version { get; init; } = "v1";

    /// <summary>The kind's name in documents, for example "Instance".</summary>
    public required string Name { get; init; }

    /// <summary>The kind's name in paths, for example "instances".</summary>
    public required string Plural { get; init; }

    /// <summary>Lower-case singular; the lower-cased <see cref="Name"/> unless said otherwise.</summary>
    public string Singular { get => field ?? Name.ToLowerInvariant(); init; }

    /// <summary>Abbreviations that kubectl accepts.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Groups of kinds such as "all" (what <c>kubectl get all</c> lists).</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Whether resources of this kind live in a namespace.</summary>
    public ResourceScope Scope { get; init; } = ResourceScope.Namespaced;

    /// <summary>One sentence shown by <c>kubectl explain</c>.</summary>
    public string Description { get; init; } = "";

    /// <summary>Documents of sensitive kinds are encrypted at rest and never logged.</summary>
    public bool IsSensitive { get; init; }

    /// <summary>Whether the kind has a status subresource; writes to the main resource then leave status alone.</summary>
    public bool HasStatus { get; init; } = true;

    /// <summary>Columns of Table output between Name and Age.</summary>
    public IReadOnlyList<Column> Columns { get; init; } = [];

    /// <summary>JSON paths ("spec.nodeName") usable in field selectors beside metadata.name and metadata.namespace.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>"group/version", or the version alone in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Group and plural: the store's partition.</summary>
    public GroupResource GroupResource => new(Group, Plural);

    /// <summary>Serializer metadata of the typed view; source of the published schema.</summary>
    public abstract JsonTypeInfo TypeInfo { get; }

    /// <summary>The key of a resource of this kind.</summary>
    public ResourceKey Key(string ns, string name) =>
        new(GroupResource, Scope == ResourceScope.Cluster ? "" : ns, name);

    /// <summary>
    /// Fills defaults into and checks a document that is about to be written. <paramref name="old"/> is the stored
    /// document on update. Returns the problems; the document is unchanged when there are any.
    /// </summary>
    /// <exception cref="ResourceException">The document does not have the shape of the kind (reason Invalid).</exception>
    public abstract IReadOnlyList<FieldError> Admit(ref byte[] json, Resource? old);
}

/// <summary>A kind with its typed view.</summary>
public sealed class Kind<T> : Kind
    where T : ResourceObject
{
    private readonly JsonTypeInfo<T> _typeInfo;

    /// <summary>Makes a kind whose documents are read and written by <paramref name="typeInfo"/>.</summary>
    public Kind(JsonTypeInfo<T> typeInfo) => _typeInfo = typeInfo;

    /// <inheritdoc/>
    public override JsonTypeInfo TypeInfo => _typeInfo;

    /// <summary>Fills in what the writer left out. Runs on create and on update, before <see cref="Validate"/>.</summary>
    public Action<T>? Default { get; init; }

    /// <summary>The kind's rules: receives the new document and, on update, the old one.</summary>
    public Func<T, T?, IEnumerable<FieldError>>? Validate { get; init; }

    /// <summary>Reads the typed view anew: the caller owns the result and may change it.</summary>
    public T Decode(Resource resource) => Decode(resource.Json.Span);

    /// <summary>Reads the typed view of a document.</summary>
    /// <exception cref="ResourceException">Reason Invalid, with the path of the member that does not fit.</exception>
    public T Decode(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, _typeInfo)
                ?? throw ResourceException.Invalid(Name, "", [new FieldError("", FieldErrorReason.Invalid, "must be an object")]);
        }
        catch (JsonException ex)
        {
            var path = ex.Path is { } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : "";
            throw ResourceException.Invalid(Name, "", [new FieldError(path, FieldErrorReason.Invalid, "the value does not have the type of the schema")]);
        }
    }

    /// <summary>Writes a typed view as a document, with this kind's apiVersion and kind.</summary>
    public byte[] Encode(T value)
    {
        value.ApiVersion = ApiVersion;
        value.Kind = Name;
        return JsonSerializer.SerializeToUtf8Bytes(value, _typeInfo);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FieldError> Admit(ref byte[] json, Resource? old)
    {
        var value = Decode(json);
        Default?.Invoke(value);
        var errors = Validate is null ? [] : Validate(value, old?.View(this)).ToList();
        if (errors.Count == 0 && Default is not null)
            json = Encode(value);
        return errors;
    }
}
