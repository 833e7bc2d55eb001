using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Compute.Images;

/// <summary>What images need to know of storage.skep.dev's Volume.</summary>
internal sealed class VolumeView
{
    public static readonly GroupResource Resource = new("storage.skep.dev", "volumes");

    public VolumeSpecView Spec { get; set; } = new();
    public VolumeStatusView? Status { get; set; }

    internal sealed class VolumeSpecView
    {
        public string? ImageId { get; set; }
        public AttachmentView? Attachment { get; set; }
    }

    internal sealed class AttachmentView
    {
        public string InstanceId { get; set; } = "";
    }

    internal sealed class VolumeStatusView
    {
        public string? Path { get; set; }
        public string? Format { get; set; }
    }
}

/// <summary>Serializer metadata of the views.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VolumeView))]
internal sealed partial class ForeignJson : JsonSerializerContext;
