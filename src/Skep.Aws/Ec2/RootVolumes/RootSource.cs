using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.RootVolumes;

/// <summary>The content of a root volume that takes another one's place.</summary>
/// <param name="ImageId">The image whose file it starts with; null for none.</param>
/// <param name="SnapshotId">The snapshot it starts with; null for none.</param>
/// <param name="SizeGib">The least size in GiB that it needs.</param>
/// <param name="Encryption">Whether it must be encrypted for what it is made of, or by default.</param>
internal sealed record RootSource(string? ImageId, string? SnapshotId, long SizeGib, EncryptionOutcome Encryption)
{
    /// <summary>What a request asks for: a snapshot, an image, or neither for the content of the launch.</summary>
    /// <exception cref="AwsException">InvalidParameterCombination; the snapshot or image does not exist, is not complete or does not fit.</exception>
    public static RootSource Of(CreateReplaceRootVolumeTaskRequest request, InstanceResource instance, AwsCall call) => request switch
    {
        { VolumeInitializationRate: not null } => throw Ec2Errors.Unsupported("a rate of initialization"),
        { SnapshotId: not null, ImageId: not null } => throw Ec2Errors.InvalidCombination("SnapshotId and ImageId may not both be specified."),
        { SnapshotId: { } id } => OfSnapshot(id, instance, call),
        { ImageId: { } id } => OfImage(id, instance, call),
        _ => OfImage(instance.Spec.ImageId, instance, call),
    };

    private static RootSource OfSnapshot(string id, InstanceResource instance, AwsCall call)
    {
        var snapshot = VolumeOptions.RequireSnapshot(call, id);
        if (SnapshotLookup.Find(call, id) is { } found && SnapshotMapper.StateOf(found) is not Storage.Kinds.SnapshotState.Completed)
            throw Ec2Errors.IncorrectState($"The snapshot '{id}' is in the '{SnapshotMapper.StateOf(found)}' state; it must be completed.");
        if (snapshot.NodeName is { } node && node != instance.Spec.NodeName)
            throw Ec2Errors.Unsupported($"a snapshot on node {node} for an instance on node {instance.Spec.NodeName}");
        return new RootSource(null, id, snapshot.SizeGib, EncryptionOutcome.Decide(call, encrypted: null, kmsKeyId: null, SourceSnapshot.EncryptionOf(snapshot), Ec2Errors.InvalidCombination));
    }

    private static RootSource OfImage(string id, InstanceResource instance, AwsCall call)
    {
        call.Subjects.Add(id);
        var image = ImageLookup.Find(call, id) ?? throw Ec2Errors.ImageNotFound(id);
        if (image.Metadata.DeletionTimestamp is not null || image.Status?.State is not "available")
            throw Ec2Errors.ImageUnavailable(id, image.Metadata.DeletionTimestamp is not null ? "deregistered" : image.Status?.State ?? "pending");
        call.Transaction.RequireUnchanged(ComputeKinds.Image.Key(image.Metadata.Namespace ?? call.Namespace, id));
        if (ImageLookup.Find(call, instance.Spec.ImageId) is { } original && original.Spec.Architecture != image.Spec.Architecture)
            throw Ec2Errors.InvalidValue("imageId", id, $"its architecture is {image.Spec.Architecture}, and the instance's {original.Spec.Architecture}");
        var root = new LaunchVolumes(call, image).Plan(mappings: null)[0];
        return new RootSource(root.ImageId, root.SnapshotId, root.Shape.SizeGib, root.Encryption);
    }
}
