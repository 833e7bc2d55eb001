using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>The kinds of group compute.skep.dev.</summary>
public static class ComputeKinds
{
    private const string Group = "compute.skep.dev";

    /// <summary>Virtual machines.</summary>
    public static readonly Kind<Instance> Instance = new(ComputeJson.Default.Instance)
    {
        Group = Group, Name = "Instance", Plural = "instances", ShortNames = ["vm", "vms"], Categories = ["all"],
        Description = "A virtual machine.",
        Columns =
        [
            new("State", "status.state"), new("Type", "spec.instanceType"), new("Image", "spec.imageId"),
            new("Address", "status.privateIpAddress"), new("Node", "spec.nodeName", Wide: true),
            new("Key", "spec.keyName", Wide: true), new("Reason", "status.stateReason.message", Wide: true),
        ],
        SelectableFields = ["spec.nodeName", "status.state", "spec.instanceType", "spec.imageId"],
        Default = InstanceRules.Default,
        Validate = InstanceRules.Validate,
    };

    /// <summary>Disk images.</summary>
    public static readonly Kind<Image> Image = new(ComputeJson.Default.Image)
    {
        Group = Group, Name = "Image", Plural = "images", ShortNames = ["ami", "amis"], Categories = ["all"],
        Description = "A disk image that instances start from.",
        Columns = [new("Image-Name", "spec.name"), new("State", "status.state"), new("Architecture", "spec.architecture"), new("Boot", "spec.bootMode")],
        SelectableFields = ["spec.name", "status.state"],
    };

    /// <summary>SSH public keys.</summary>
    public static readonly Kind<KeyPair> KeyPair = new(ComputeJson.Default.KeyPair)
    {
        Group = Group, Name = "KeyPair", Plural = "keypairs", HasStatus = false,
        Description = "An SSH public key that instances can be started with.",
        Columns = [new("Key-Name", "spec.keyName"), new("Type", "spec.keyType"), new("Fingerprint", "spec.fingerprint")],
    };

    /// <summary>Sizes of instances.</summary>
    public static readonly Kind<InstanceType> InstanceType = new(ComputeJson.Default.InstanceType)
    {
        Group = Group, Name = "InstanceType", Plural = "instancetypes", Scope = ResourceScope.Cluster, HasStatus = false,
        Description = "A size of instance.",
        Columns = [new("VCPUs", "spec.vCpus", "integer"), new("Memory-MiB", "spec.memoryMib", "integer")],
        Validate = static (type, _) => InstanceTypeRules.Validate(type),
    };

    /// <summary>Images being made.</summary>
    public static readonly Kind<ImageImport> ImageImport = new(ComputeJson.Default.ImageImport)
    {
        Group = Group, Name = "ImageImport", Plural = "imageimports",
        Description = "The making of an image: built, downloaded, or taken from a file or a volume. Deleting it cancels.",
        Columns =
        [
            new("Phase", "status.phase"), new("Progress", "status.progress", "integer"), new("Image", "status.imageId"),
            new("Message", "status.message"),
        ],
        SelectableFields = ["status.phase"],
        Validate = Images.ImageImportRules.Validate,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Instance, Image, ImageImport, KeyPair, InstanceType];
}
