using System.ComponentModel;

namespace Skep.Core.Resources;

/// <summary>Kubernetes' ObjectMeta, as far as Skep reads it; other members are kept as they are.</summary>
public sealed class ObjectMeta : OpenObject
{
    [Description("Unique within its namespace. Cannot be changed.")]
    public string Name { get; set; } = "";

    [Description("Prefix from which the server makes a name when none is given.")]
    public string? GenerateName { get; set; }

    [Description("The project the resource belongs to. Empty for cluster-scoped kinds.")]
    public string? Namespace { get; set; }

    [Description("Set by the server: distinguishes resources that had the same name at different times.")]
    public string? Uid { get; set; }

    [Description("Set by the server: the log's revision at which this version was written.")]
    public string? ResourceVersion { get; set; }

    [Description("Set by the server: counts changes of the spec.")]
    public long? Generation { get; set; }

    [Description("Set by the server, RFC 3339, UTC.")]
    public DateTimeOffset? CreationTimestamp { get; set; }

    [Description("Set by the server when deletion was asked for and finalizers remain.")]
    public DateTimeOffset? DeletionTimestamp { get; set; }

    [Description("Seconds allowed for a graceful end before the resource is removed.")]
    public long? DeletionGracePeriodSeconds { get; set; }

    [Description("Keys and values by which resources are selected.")]
    public Dictionary<string, string>? Labels { get; set; }

    [Description("Keys and values for people and tools; not selectable.")]
    public Dictionary<string, string>? Annotations { get; set; }

    [Description("Resources this one depends on; it is collected when all of them are gone.")]
    public List<OwnerReference>? OwnerReferences { get; set; }

    [Description("Names of controllers that must finish before the resource is removed.")]
    public List<string>? Finalizers { get; set; }
}
