using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2;

/// <summary>Makes a volume, empty or with a snapshot's content.</summary>
internal sealed class CreateVolume : AwsOperation<CreateVolumeRequest, Model.Volume>
{
    /// <summary>EC2's default for volumes that are made by themselves.</summary>
    private const string TypeDefault = "gp2";

    /// <summary>The tag that names the storage pool of the volume.</summary>
    private const string PoolTag = "skep.dev/pool";

    /// <inheritdoc/>
    protected override ValueTask<Model.Volume> HandleAsync(CreateVolumeRequest request, AwsCall call, CancellationToken ct)
    {
        VolumeOptions.RefuseUnsupported(request.OutpostArn);
        if (request.MultiAttachEnabled is true)
            throw Ec2Errors.Unsupported("volumes that are attached to several instances");
        var zone = ZoneOf(request, call);
        var snapshot = request.SnapshotId is { } id ? VolumeOptions.RequireSnapshot(call, id) : null;
        var size = request.Size ?? snapshot?.SizeGib ?? throw Ec2Errors.Missing("size/snapshot");
        if (size < snapshot?.SizeGib)
            throw new AwsException("InvalidParameterValue", 400, $"Volume of {size}GiB is smaller than snapshot '{request.SnapshotId}', expect size >= {snapshot.SizeGib}GiB");

        var encryption = EncryptionOutcome.Decide(call, request.Encrypted, request.KmsKeyId, SourceSnapshot.EncryptionOf(snapshot), Ec2Errors.InvalidCombination);
        var tags = Tagging.ForType(request.TagSpecifications, "volume", "volume");
        var shape = VolumeShapes.Make(request.VolumeType ?? TypeDefault, size, request.Iops, request.Throughput);
        var volume = new VolumeResource
        {
            Metadata = call.NewMetadata(call.NewId("vol")),
            Spec =
            {
                SnapshotId = request.SnapshotId,
                AvailabilityZone = zone,
                NodeName = snapshot?.NodeName,
                PoolName = PoolOf(tags, call),
                Encrypted = encryption.IsEncrypted,
                KmsKeyId = encryption.KmsKeyId,
                Tags = tags,
            },
            Status = new VolumeStatus(),
        };
        shape.Apply(volume.Spec);
        volume.Metadata.Finalizers = [VolumeResource.Finalizer];
        call.Transaction.Create(StorageKinds.Volume, volume);
        return new(VolumeMapper.Map(volume, call));
    }

    /// <summary>EC2 has no word for pools, so a tag chooses one.</summary>
    private static string? PoolOf(Dictionary<string, string>? tags, AwsCall call)
    {
        if (tags is null || !tags.TryGetValue(PoolTag, out var name))
            return null;
        return call.View.Get(StorageKinds.StoragePool, "", name) is { Metadata.DeletionTimestamp: null }
            ? name
            : throw Ec2Errors.InvalidValue($"Tag {PoolTag}", name, "there is no storage pool of that name");
    }

    private static string ZoneOf(CreateVolumeRequest request, AwsCall call)
    {
        var zones = RegionCatalog.Zones(call);
        if ((request.AvailabilityZone is null) == (request.AvailabilityZoneId is null))
        {
            throw request.AvailabilityZone is null
                ? Ec2Errors.Missing("availabilityZone")
                : Ec2Errors.InvalidCombination("AvailabilityZone and AvailabilityZoneId may not both be specified.");
        }

        return zones.FirstOrDefault(z => z == request.AvailabilityZone || (request.AvailabilityZoneId is { } id && RegionCatalog.ZoneId(z) == id))
            ?? throw new AwsException("InvalidZone.NotFound", 400, $"The zone '{request.AvailabilityZone ?? request.AvailabilityZoneId}' does not exist.");
    }
}
