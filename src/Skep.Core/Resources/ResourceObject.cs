using System.ComponentModel;

namespace Skep.Core.Resources;

/// <summary>Base of the typed views of whole resources; kinds add <c>Spec</c> and <c>Status</c>.</summary>
public abstract class ResourceObject : OpenObject
{
    [Description("Group and version of the schema, for example compute.skep.dev/v1.")]
    public string ApiVersion { get; set; } = "";

    [Description("The kind, for example Instance.")]
    public string Kind { get; set; } = "";

    [Description("Standard object metadata.")]
    public ObjectMeta Metadata { get; set; } = new();
}
