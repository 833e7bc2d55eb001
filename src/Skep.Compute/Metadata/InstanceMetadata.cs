using System.Text;
using System.Text.Json;
using Skep.Compute.Kinds;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Metadata;

/// <summary>What an instance may know of itself, read from the resources at the moment it asks.</summary>
internal sealed class InstanceMetadata(ResourceClient resources, IdentityDirectory identities)
{
    /// <summary>Key of the user data in its Secret.</summary>
    public const string UserDataKey = "user-data";

    private const string RegionLabel = "topology.kubernetes.io/region";

    /// <summary>
    /// The instance that has an address in a VPC's namespace. The fabric drops packets with a foreign source, so the
    /// address is proof.
    /// </summary>
    public Instance? FindInstance(string networkNamespace, string address)
    {
        var view = resources.View;
        foreach (var resource in view.List(InterfaceView.Resource, ns: null, after: null))
        {
            var nic = resource.View(MetadataJson.Default.InterfaceView);
            if (nic.Spec.PrivateIpAddress == address && nic.Status?.NetworkNamespace == networkNamespace && nic.Spec.Attachment is { } attachment)
                return view.Get(ComputeKinds.Instance, resource.Key.Namespace, attachment.InstanceId);
        }

        return null;
    }

    /// <summary>The user data, or null when the instance has none.</summary>
    public ReadOnlyMemory<byte>? UserData(Instance instance)
    {
        if (instance.Spec.UserDataSecret is not { } name
            || resources.View.Get(CoreKinds.Secret, instance.Metadata.Namespace!, name) is not { Data: { } data }
            || !data.TryGetValue(UserDataKey, out var bytes))
            return null;
        return bytes;
    }

    /// <summary>Everything else, as the tree below <c>/latest/</c>.</summary>
    public MetadataTree Tree(Instance instance)
    {
        var tree = new MetadataTree();
        var view = resources.View;
        var ns = instance.Metadata.Namespace!;
        var spec = instance.Spec;
        var region = instance.Metadata.Labels?.GetValueOrDefault(RegionLabel) ?? spec.AvailabilityZone.TrimEnd('a', 'b', 'c', 'd', 'e', 'f');
        var account = identities.FindAccount(ns)?.AccountId ?? "";
        var interfaces = Interfaces(instance, view);
        var primary = interfaces.FirstOrDefault();
        var address = primary?.Spec.PrivateIpAddress;
        var hostname = address is null ? null : HostName(address, region);

        tree.Add("meta-data/ami-id", spec.ImageId);
        tree.Add("meta-data/ami-launch-index", spec.LaunchIndex.ToString());
        tree.Add("meta-data/ami-manifest-path", "(unknown)");
        tree.Add("meta-data/block-device-mapping/ami", ShortDevice(spec.RootDeviceName));
        tree.Add("meta-data/block-device-mapping/root", spec.RootDeviceName);
        tree.Add("meta-data/hostname", hostname);
        tree.Add("meta-data/instance-action", "none");
        tree.Add("meta-data/instance-id", instance.Metadata.Name);
        tree.Add("meta-data/instance-life-cycle", "on-demand");
        tree.Add("meta-data/instance-type", spec.InstanceType);
        tree.Add("meta-data/local-hostname", hostname);
        tree.Add("meta-data/local-ipv4", address);
        tree.Add("meta-data/mac", primary?.Spec.MacAddress);
        tree.Add("meta-data/placement/availability-zone", spec.AvailabilityZone);
        tree.Add("meta-data/placement/region", region);
        tree.Add("meta-data/profile", "default-hvm");
        tree.Add("meta-data/reservation-id", spec.ReservationId.Length == 0 ? null : spec.ReservationId);
        tree.Add("meta-data/services/domain", "amazonaws.com");
        tree.Add("meta-data/services/partition", "aws");
        if (primary is not null)
            tree.Add("meta-data/security-groups", GroupNames(primary, ns, view));
        AddBlockDevices(tree, spec);
        AddKey(tree, spec, ns, view);
        foreach (var nic in interfaces)
            AddInterface(tree, nic, ns, region, account, view);
        if (spec.MetadataOptions.InstanceMetadataTags == "enabled")
        {
            foreach (var (key, value) in spec.Tags ?? [])
                tree.Add($"meta-data/tags/instance/{key}", value);
        }

        tree.Add("dynamic/instance-identity/document", IdentityDocument(instance, region, account, address));
        return tree;
    }

    /// <summary>Keeps, once a start, when the guest first asked: its operating system is up and reaches the network.</summary>
    public async Task MarkReachableAsync(Instance instance, CancellationToken ct)
    {
        if (instance.Status is not { LaunchTime: { } launched } status || status.GuestReachableTime >= launched)
            return;
        await resources.ModifyAsync(
            ComputeKinds.Instance,
            ComputeKinds.Instance.Key(instance.Metadata.Namespace!, instance.Metadata.Name),
            i =>
            {
                if (i.Status is not { LaunchTime: { } start } s || s.GuestReachableTime >= start)
                    return false;
                s.GuestReachableTime = resources.Time.GetUtcNow();
                return true;
            },
            ct);
    }

    private static string HostName(string address, string region) =>
        $"ip-{address.Replace('.', '-')}.{(region == "us-east-1" ? "ec2" : region + ".compute")}.internal";

    private static string ShortDevice(string device) => device.StartsWith("/dev/", StringComparison.Ordinal) ? device[5..] : device;

    private static List<InterfaceView> Interfaces(Instance instance, View view) =>
    [
        .. instance.Spec.NetworkInterfaces
            .OrderBy(n => n.DeviceIndex)
            .Select(n => view.Get(new ResourceKey(InterfaceView.Resource, instance.Metadata.Namespace!, n.NetworkInterfaceId)))
            .OfType<Resource>()
            .Select(r => r.View(MetadataJson.Default.InterfaceView)),
    ];

    private static void AddBlockDevices(MetadataTree tree, InstanceSpec spec)
    {
        var number = 1;
        foreach (var device in spec.BlockDevices.Where(d => d.DeviceName != spec.RootDeviceName))
            tree.Add($"meta-data/block-device-mapping/ebs{number++}", ShortDevice(device.DeviceName));
    }

    private static void AddKey(MetadataTree tree, InstanceSpec spec, string ns, View view)
    {
        if (spec.KeyName is not { } name
            || view.List(ComputeKinds.KeyPair, ns).FirstOrDefault(k => k.Spec.KeyName == name) is not { } key)
            return;
        tree.Add("meta-data/public-keys/0/openssh-key", key.Spec.PublicKey);
        tree.ListAs("meta-data/public-keys/0", $"0={name}");
    }

    private static void AddInterface(MetadataTree tree, InterfaceView nic, string ns, string region, string account, View view)
    {
        var path = $"meta-data/network/interfaces/macs/{nic.Spec.MacAddress}/";
        tree.Add(path + "device-number", (nic.Spec.Attachment?.DeviceIndex ?? 0).ToString());
        tree.Add(path + "local-hostname", HostName(nic.Spec.PrivateIpAddress, region));
        tree.Add(path + "local-ipv4s", nic.Spec.PrivateIpAddress);
        tree.Add(path + "mac", nic.Spec.MacAddress);
        tree.Add(path + "owner-id", account);
        tree.Add(path + "security-group-ids", string.Join('\n', nic.Spec.Groups));
        tree.Add(path + "security-groups", GroupNames(nic, ns, view));
        tree.Add(path + "subnet-id", nic.Spec.SubnetId);
        tree.Add(path + "subnet-ipv4-cidr-block", Cidr(view, CidrView.Subnets, ns, nic.Spec.SubnetId));
        tree.Add(path + "vpc-id", nic.Spec.VpcId);
        tree.Add(path + "vpc-ipv4-cidr-block", Cidr(view, CidrView.Vpcs, ns, nic.Spec.VpcId));
        tree.Add(path + "vpc-ipv4-cidr-blocks", Cidr(view, CidrView.Vpcs, ns, nic.Spec.VpcId));
    }

    private static string GroupNames(InterfaceView nic, string ns, View view) =>
        string.Join('\n', nic.Spec.Groups.Select(id =>
            view.Get(new ResourceKey(SecurityGroupView.Resource, ns, id))?.View(MetadataJson.Default.SecurityGroupView).Spec.GroupName ?? id));

    private static string? Cidr(View view, GroupResource resource, string ns, string name) =>
        view.Get(new ResourceKey(resource, ns, name))?.View(MetadataJson.Default.CidrView).Spec.CidrBlock;

    private string IdentityDocument(Instance instance, string region, string account, string? address)
    {
        var architecture = resources.View.Get(ComputeKinds.Image, instance.Metadata.Namespace!, instance.Spec.ImageId)?.Spec.Architecture ?? "x86_64";
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("accountId", account);
            writer.WriteString("architecture", architecture);
            writer.WriteString("availabilityZone", instance.Spec.AvailabilityZone);
            writer.WriteNull("billingProducts");
            writer.WriteNull("devpayProductCodes");
            writer.WriteNull("marketplaceProductCodes");
            writer.WriteString("imageId", instance.Spec.ImageId);
            writer.WriteString("instanceId", instance.Metadata.Name);
            writer.WriteString("instanceType", instance.Spec.InstanceType);
            writer.WriteNull("kernelId");
            writer.WriteString("pendingTime", (instance.Status?.LaunchTime ?? instance.Metadata.CreationTimestamp)?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
            writer.WriteString("privateIp", address);
            writer.WriteNull("ramdiskId");
            writer.WriteString("region", region);
            writer.WriteString("version", "2017-09-30");
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
