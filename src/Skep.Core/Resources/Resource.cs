using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Skep.Core.Resources;

/// <summary>
/// One stored version of a resource: immutable, safe to share. <see cref="Json"/> is the canonical form; typed views
/// are read from it once and cached.
/// </summary>
public sealed class Resource
{
    private ObjectMeta? _metadata;
    private object? _view;

    /// <summary>Wraps a canonical document that was written at <paramref name="revision"/>.</summary>
    public Resource(ResourceKey key, long revision, ReadOnlyMemory<byte> json)
    {
        Key = key;
        Revision = revision;
        Json = json;
    }

    /// <summary>The resource's address.</summary>
    public ResourceKey Key { get; }

    /// <summary>The log's revision that wrote this version; 0 before it is written.</summary>
    public long Revision { get; }

    /// <summary>The whole document, UTF-8 JSON, with <c>metadata.resourceVersion</c>.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The document's metadata. Shared: do not change it; <see cref="Kind{T}.Decode(Resource)"/> gives a copy.</summary>
    public ObjectMeta Metadata => _metadata ??= ResourceDocument.ReadMetadata(Json.Span);

    /// <summary>The typed view, decoded once. Shared: do not change it; <see cref="Kind{T}.Decode(Resource)"/> gives a copy.</summary>
    public T View<T>(Kind<T> kind)
        where T : ResourceObject => View<T>(kind, () => kind.Decode(this));

    /// <summary>
    /// A room's own, smaller view of a kind that another room owns ("rooms meet in resources"). Cached like
    /// <see cref="View{T}(Kind{T})"/> and equally read-only.
    /// </summary>
    public T View<T>(JsonTypeInfo<T> typeInfo)
        where T : class => View<T>(typeInfo, () => JsonSerializer.Deserialize(Json.Span, typeInfo)!);

    private T View<T>(object source, Func<T> decode)
        where T : class
    {
        // One cache slot is enough: most resources are read through one view nearly always.
        if (_view is ViewSlot slot && ReferenceEquals(slot.Source, source))
            return (T)slot.Value;
        var value = decode();
        _view = new ViewSlot(source, value);
        return value;
    }

    private sealed record ViewSlot(object Source, object Value);
}
