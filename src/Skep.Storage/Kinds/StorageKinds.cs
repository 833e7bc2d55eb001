using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The kinds of group storage.skep.dev.</summary>
public static class StorageKinds
{
    private const string Group = "storage.skep.dev";

    /// <summary>Disks.</summary>
    public static readonly Kind<Volume> Volume = new(StorageJson.Default.Volume)
    {
        Group = Group, Name = "Volume", Plural = "volumes", ShortNames = ["vol"], Categories = ["all"],
        Description = "A disk.",
        Columns =
        [
            new("State", "status.state"), new("Size-GiB", "spec.sizeGib", "integer"), new("Type", "spec.volumeType"),
            new("Instance", "spec.attachment.instanceId"), new("Device", "spec.attachment.device", Wide: true),
        ],
        SelectableFields = ["spec.nodeName", "spec.attachment.instanceId", "status.state"],
        Validate = VolumeRules.Validate,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Volume];
}
