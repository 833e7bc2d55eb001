using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>What a change does to its key.</summary>
public enum ChangeType
{
    /// <summary>The key must be free.</summary>
    Create,

    /// <summary>The key must exist, at the expected revision if one is given.</summary>
    Update,

    /// <summary>The key must exist, at the expected revision if one is given.</summary>
    Delete,

    /// <summary>
    /// Nothing is written; the key must be at the expected revision (0: must not exist), or, when none is given, must
    /// exist and not be on its way out.
    /// </summary>
    Check,
}

/// <summary>One change of a transaction.</summary>
public sealed class Change
{
    private Change(ChangeType type, ResourceKey key, long? expectedRevision)
    {
        Type = type;
        Key = key;
        ExpectedRevision = expectedRevision;
    }

    /// <summary>What it does.</summary>
    public ChangeType Type { get; }

    /// <summary>The resource it concerns.</summary>
    public ResourceKey Key { get; }

    /// <summary>The revision the writer read; null when any will do.</summary>
    public long? ExpectedRevision { get; }

    /// <summary>Canonical document without its revision, for create and update.</summary>
    public byte[] Body { get; private init; } = [];

    /// <summary>Where the revision goes in <see cref="Body"/>.</summary>
    public int RevisionOffset { get; private init; }

    /// <summary>Creates a resource.</summary>
    public static Change Create(ResourceKey key, ReadOnlyMemory<byte> json) => WithBody(ChangeType.Create, key, null, json);

    /// <summary>Replaces a resource.</summary>
    public static Change Update(ResourceKey key, ReadOnlyMemory<byte> json, long? expectedRevision) =>
        WithBody(ChangeType.Update, key, expectedRevision, json);

    /// <summary>Removes a resource.</summary>
    public static Change Delete(ResourceKey key, long? expectedRevision) => new(ChangeType.Delete, key, expectedRevision);

    /// <summary>Requires that a resource is still at a revision (0: that it does not exist).</summary>
    public static Change Check(ResourceKey key, long expectedRevision) => new(ChangeType.Check, key, expectedRevision);

    /// <summary>Requires that a resource exists and is not being deleted.</summary>
    public static Change RequireActive(ResourceKey key) => new(ChangeType.Check, key, expectedRevision: null);

    private static Change WithBody(ChangeType type, ResourceKey key, long? expectedRevision, ReadOnlyMemory<byte> json)
    {
        var (body, offset) = ResourceDocument.Canonicalize(json);
        return new Change(type, key, expectedRevision) { Body = body, RevisionOffset = offset };
    }
}
