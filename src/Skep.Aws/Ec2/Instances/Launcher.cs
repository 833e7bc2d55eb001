using System.Net;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Volumes;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Adds the resources of planned instances to a call's transaction.</summary>
internal sealed class Launcher(LaunchPlan plan, AwsCall call)
{
    private readonly AddressPool _addresses = new(call, plan.Subnet);

    /// <summary>One instance with its disks, its interface, the claim on its address and the secret with its user data.</summary>
    public (InstanceResource Instance, LaunchParts Parts) Launch(string id, string node, int index)
    {
        var request = plan.Request;
        call.Subjects.Add(id);
        var parts = new LaunchParts();
        var nic = Interface(id, node);
        parts.Interfaces.Add(nic);
        parts.Volumes.AddRange(plan.Volumes.Select(v => Volume(id, node, v)));
        var instance = new InstanceResource
        {
            Metadata = call.NewMetadata(id),
            Spec =
            {
                ImageId = plan.Image.Metadata.Name,
                InstanceType = plan.Type.Metadata.Name,
                NodeName = node,
                KeyName = request.KeyName,
                RootDeviceName = plan.Image.Spec.RootDeviceName,
                MetadataOptions = plan.MetadataOptions,
                DisableApiTermination = request.DisableApiTermination ?? false,
                DisableApiStop = request.DisableApiStop ?? false,
                InstanceInitiatedShutdownBehavior = request.InstanceInitiatedShutdownBehavior ?? "stop",
                AvailabilityZone = plan.Subnet.Spec.AvailabilityZone,
                ReservationId = plan.ReservationId,
                LaunchIndex = index,
                ClientToken = request.ClientToken,
                EbsOptimized = request.EbsOptimized ?? false,
                Monitoring = request.Monitoring?.Enabled is true ? "enabled" : "disabled",
                UserDataSecret = plan.UserData is null ? null : UserDataSecret.NameOf(id),
                Tags = Tags("instance"),
                NetworkInterfaces =
                [
                    new InstanceNetworkInterface
                    {
                        NetworkInterfaceId = nic.Metadata.Name, DeviceIndex = 0, DeleteOnTermination = nic.Spec.Attachment!.DeleteOnTermination,
                    },
                ],
                BlockDevices =
                [
                    .. parts.Volumes.Select(v => new InstanceBlockDevice
                    {
                        DeviceName = v.Spec.Attachment!.Device, VolumeId = v.Metadata.Name, DeleteOnTermination = v.Spec.Attachment.DeleteOnTermination,
                    }),
                ],
            },
            Status = new InstanceStatus
            {
                State = States.Pending, LaunchTime = call.Now, PrivateIpAddress = nic.Spec.PrivateIpAddress,
            },
        };
        instance.Metadata.Finalizers = [InstanceResource.Finalizer];
        var key = call.Transaction.Create(ComputeKinds.Instance, instance);
        if (plan.UserData is { } data)
            UserDataSecret.Create(call, key, data);
        return (instance, parts);
    }

    private NetworkInterfaceResource Interface(string instanceId, string node)
    {
        var address = plan.Address ?? _addresses.Take();
        var id = call.NewId("eni");
        var nic = new NetworkInterfaceResource
        {
            Metadata = call.NewMetadata(id),
            Spec =
            {
                VpcId = plan.Subnet.Spec.VpcId,
                SubnetId = plan.Subnet.Metadata.Name,
                AvailabilityZone = plan.Subnet.Spec.AvailabilityZone,
                PrivateIpAddress = address.ToString(),
                MacAddress = MacAddress.New(call.Ids).ToString(),
                Groups = plan.Groups,
                Description = plan.Interface?.Description,
                NodeName = node,
                Tags = Tags("network-interface"),
                Attachment = new NetworkInterfaceAttachment
                {
                    AttachmentId = call.Ids.NewAwsId("eni-attach"),
                    InstanceId = instanceId,
                    DeviceIndex = 0,
                    AttachTime = call.Now,
                    DeleteOnTermination = plan.Interface?.DeleteOnTermination ?? true,
                },
            },
            Status = new NetworkInterfaceStatus(),
        };
        nic.Metadata.Finalizers = [NetworkInterfaceResource.Finalizer];
        var key = call.Transaction.Create(NetworkingKinds.NetworkInterface, nic);
        Claim(key, id, address);
        return nic;
    }

    private void Claim(ResourceKey nic, string nicId, IPAddress address)
    {
        var subnetId = plan.Subnet.Metadata.Name;
        var claim = new AddressClaimResource
        {
            Metadata = call.NewMetadata(AddressAllocator.ClaimName(subnetId, address)),
            Spec = { SubnetId = subnetId, Address = address.ToString(), NetworkInterfaceId = nicId },
        };
        claim.Metadata.OwnerReferences = [Ownership.By(call, NetworkingKinds.NetworkInterface, nic)];
        call.Transaction.Create(NetworkingKinds.AddressClaim, claim);
    }

    private VolumeResource Volume(string instanceId, string node, PlannedVolume planned)
    {
        var volume = new VolumeResource
        {
            Metadata = call.NewMetadata(call.NewId("vol")),
            Spec =
            {
                ImageId = planned.ImageId,
                SnapshotId = planned.SnapshotId,
                Encrypted = planned.Encryption.IsEncrypted,
                KmsKeyId = planned.Encryption.KmsKeyId,
                AvailabilityZone = plan.Subnet.Spec.AvailabilityZone,
                NodeName = node,
                Tags = Tags("volume"),
                Attachment = new VolumeAttachment
                {
                    InstanceId = instanceId, Device = planned.DeviceName, AttachTime = call.Now, DeleteOnTermination = planned.DeleteOnTermination,
                },
            },
            Status = new VolumeStatus(),
        };
        planned.Shape.Apply(volume.Spec);
        volume.Metadata.Finalizers = [VolumeResource.Finalizer];
        call.Transaction.Create(StorageKinds.Volume, volume);
        return volume;
    }

    private Dictionary<string, string>? Tags(string type) =>
        Tagging.ForType(plan.Request.TagSpecifications, type, "instance", "volume", "network-interface");
}
