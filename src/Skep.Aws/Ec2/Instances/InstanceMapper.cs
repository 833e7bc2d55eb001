using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Core.Resources;
using Skep.Networking.Addresses;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Shows instances the way EC2 does, joined with their interfaces, volumes and image.</summary>
internal sealed class InstanceMapper(AwsCall call)
{
    // Instances share images, types and groups, so a listing looks each up once.
    private readonly Dictionary<string, ImageResource?> _images = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InstanceTypeResource?> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _groupNames = new(StringComparer.Ordinal);

    /// <summary>The instance on the wire. Interfaces and volumes that <paramref name="unsaved"/> holds are taken from there.</summary>
    public Instance Map(InstanceResource resource, LaunchParts? unsaved = null)
    {
        var spec = resource.Spec;
        var status = resource.Status;
        var state = InstanceStates.Of(resource);
        var image = ImageOf(spec.ImageId);
        var type = TypeOf(spec.InstanceType);
        var result = new Instance
        {
            InstanceId = resource.Metadata.Name,
            ImageId = spec.ImageId,
            InstanceType = spec.InstanceType,
            State = InstanceStates.ToWire(state),
            StateTransitionReason = status?.StateTransitionReason ?? "",
            StateReason = status?.StateReason is { } reason ? new StateReason { Code = reason.Code, Message = reason.Message } : null,
            LaunchTime = status?.LaunchTime ?? resource.Metadata.CreationTimestamp,
            AmiLaunchIndex = spec.LaunchIndex,
            KeyName = spec.KeyName,
            ClientToken = spec.ClientToken ?? "",
            Placement = new Placement
            {
                AvailabilityZone = spec.AvailabilityZone,
                AvailabilityZoneId = Regions.RegionCatalog.ZoneId(spec.AvailabilityZone),
                GroupName = "",
                Tenancy = "default",
            },
            Monitoring = new Monitoring { State = spec.Monitoring },
            Architecture = image?.Spec.Architecture ?? "x86_64",
            RootDeviceName = spec.RootDeviceName,
            RootDeviceType = "ebs",
            VirtualizationType = "hvm",
            Hypervisor = "xen", // what EC2 reports for its KVM machines, and the only other value of the model is ovm
            EbsOptimized = spec.EbsOptimized,
            EnaSupport = false, // the network card is virtio-net
            SourceDestCheck = true,
            PrivateDnsName = "",
            PublicDnsName = "",
            ProductCodes = [],
            BlockDeviceMappings = [],
            NetworkInterfaces = [],
            SecurityGroups = [],
            Tags = Tagging.ToWire(spec.Tags),
            CpuOptions = type is null ? null : new CpuOptions { CoreCount = type.Spec.VCpus, ThreadsPerCore = 1 },
            BootMode = image?.Spec.BootMode is "bios" ? "legacy-bios" : image?.Spec.BootMode,
            CurrentInstanceBootMode = image?.Spec.BootMode is "bios" ? "legacy-bios" : "uefi",
            PlatformDetails = "Linux/UNIX",
            UsageOperation = "RunInstances",
            UsageOperationUpdateTime = resource.Metadata.CreationTimestamp ?? call.Now,
            EnclaveOptions = new EnclaveOptions { Enabled = false },
            HibernationOptions = new HibernationOptions { Configured = false },
            MaintenanceOptions = new InstanceMaintenanceOptions { AutoRecovery = "default" },
            CapacityReservationSpecification = new CapacityReservationSpecificationResponse { CapacityReservationPreference = "open" },
            PrivateDnsNameOptions = new PrivateDnsNameOptionsResponse
            {
                HostnameType = "ip-name", EnableResourceNameDnsARecord = false, EnableResourceNameDnsAAAARecord = false,
            },
            MetadataOptions = new InstanceMetadataOptionsResponse
            {
                State = state is States.Pending ? "pending" : "applied",
                HttpTokens = spec.MetadataOptions.HttpTokens,
                HttpEndpoint = spec.MetadataOptions.HttpEndpoint,
                HttpPutResponseHopLimit = spec.MetadataOptions.HttpPutResponseHopLimit,
                HttpProtocolIpv6 = "disabled",
                InstanceMetadataTags = spec.MetadataOptions.InstanceMetadataTags,
            },
        };
        // What a terminated instance had is gone, and EC2 no longer shows it.
        if (state is not States.Terminated)
        {
            AddInterfaces(result, spec, unsaved);
            AddVolumes(result, resource, unsaved);
        }

        return result;
    }

    /// <summary>The launch an instance came from; one that was not made through EC2 is a launch of its own.</summary>
    public static string ReservationOf(InstanceResource instance) =>
        instance.Spec.ReservationId.Length > 0 ? instance.Spec.ReservationId : $"r-{instance.Metadata.Name.Split('-')[^1]}";

    /// <summary>Instances in the reservations they were launched in.</summary>
    public static List<Reservation> Reservations(AwsCall call, IEnumerable<(Instance Instance, string ReservationId)> instances)
    {
        var reservations = new Dictionary<string, Reservation>(StringComparer.Ordinal);
        foreach (var (instance, id) in instances)
        {
            if (!reservations.TryGetValue(id, out var reservation))
                reservations.Add(id, reservation = new Reservation { ReservationId = id, OwnerId = call.AccountId, Groups = [], Instances = [] });
            reservation.Instances!.Add(instance);
        }

        return [.. reservations.Values];
    }

    private void AddInterfaces(Instance instance, Compute.Kinds.InstanceSpec spec, LaunchParts? unsaved)
    {
        foreach (var device in spec.NetworkInterfaces)
        {
            var nic = unsaved?.Interfaces.Find(n => n.Metadata.Name == device.NetworkInterfaceId) ?? call.Find(NetworkingKinds.NetworkInterface, device.NetworkInterfaceId);
            if (nic is null)
                continue;
            var wire = Interface(nic, device);
            instance.NetworkInterfaces!.Add(wire);
            if (device.DeviceIndex != 0)
                continue;
            instance.PrivateIpAddress = nic.Spec.PrivateIpAddress;
            instance.PrivateDnsName = wire.PrivateDnsName;
            instance.SubnetId = nic.Spec.SubnetId;
            instance.VpcId = nic.Spec.VpcId;
            instance.SourceDestCheck = nic.Spec.SourceDestCheck;
            instance.SecurityGroups = Groups(nic.Spec.Groups);
        }
    }

    private InstanceNetworkInterface Interface(NetworkInterfaceResource nic, Compute.Kinds.InstanceNetworkInterface device)
    {
        var name = PrivateDnsName(nic.Spec.PrivateIpAddress, call.Region);
        return new InstanceNetworkInterface
        {
            NetworkInterfaceId = nic.Metadata.Name,
            Description = nic.Spec.Description ?? "",
            OwnerId = call.AccountId,
            VpcId = nic.Spec.VpcId,
            SubnetId = nic.Spec.SubnetId,
            MacAddress = nic.Spec.MacAddress,
            PrivateIpAddress = nic.Spec.PrivateIpAddress,
            PrivateDnsName = name,
            PrivateIpAddresses = [new InstancePrivateIpAddress { PrivateIpAddress = nic.Spec.PrivateIpAddress, PrivateDnsName = name, Primary = true }],
            Ipv6Addresses = [],
            Groups = Groups(nic.Spec.Groups),
            SourceDestCheck = nic.Spec.SourceDestCheck,
            Status = "in-use",
            InterfaceType = "interface",
            Attachment = nic.Spec.Attachment is not { } attachment ? null : new InstanceNetworkInterfaceAttachment
            {
                AttachmentId = attachment.AttachmentId,
                AttachTime = attachment.AttachTime,
                DeviceIndex = attachment.DeviceIndex,
                NetworkCardIndex = 0,
                DeleteOnTermination = device.DeleteOnTermination,
                Status = nic.Status?.State is "in-use" ? "attached" : "attaching",
            },
        };
    }

    private void AddVolumes(Instance instance, InstanceResource resource, LaunchParts? unsaved)
    {
        foreach (var device in resource.Spec.BlockDevices)
        {
            var volume = unsaved?.Volumes.Find(v => v.Metadata.Name == device.VolumeId) ?? call.Find(StorageKinds.Volume, device.VolumeId);
            if (volume is null)
                continue;
            instance.BlockDeviceMappings!.Add(new InstanceBlockDeviceMapping
            {
                DeviceName = device.DeviceName,
                Ebs = new EbsInstanceBlockDevice
                {
                    VolumeId = device.VolumeId,
                    AttachTime = volume.Spec.Attachment?.AttachTime,
                    DeleteOnTermination = device.DeleteOnTermination,
                    Status = VolumeMapper.AttachmentState(volume, resource),
                },
            });
        }
    }

    /// <summary>Security groups by id and name.</summary>
    public List<GroupIdentifier> Groups(IEnumerable<string> ids) =>
        [.. ids.Select(id => new GroupIdentifier { GroupId = id, GroupName = GroupName(id) })];

    /// <summary>The name that the VPC's DNS gives to an address.</summary>
    public static string PrivateDnsName(string address, string region) =>
        $"ip-{address.Replace('.', '-')}.{InternalDns.DomainOf(region)}";

    private string GroupName(string id)
    {
        if (!_groupNames.TryGetValue(id, out var name))
            _groupNames.Add(id, name = call.Find(NetworkingKinds.SecurityGroup, id)?.Spec.GroupName ?? "");
        return name;
    }

    private ImageResource? ImageOf(string id)
    {
        if (!_images.TryGetValue(id, out var image))
            _images.Add(id, image = ImageLookup.Find(call, id));
        return image;
    }

    private InstanceTypeResource? TypeOf(string name)
    {
        if (!_types.TryGetValue(name, out var type))
            _types.Add(name, type = call.View.Get(ComputeKinds.InstanceType, "", name));
        return type;
    }
}
