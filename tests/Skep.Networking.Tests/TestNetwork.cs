using Skep.Core.Resources;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.Tests;

/// <summary>Makes networks in a resource model in memory.</summary>
internal static class TestNetwork
{
    public const string VpcId = "vpc-00000000000000001";
    public const string SubnetId = "subnet-00000000000000001";
    public const string Node = "node-1";

    public static readonly ResourceKey Vpc = NetworkingKinds.Vpc.Key("default", VpcId);
    public static readonly ResourceKey Subnet = NetworkingKinds.Subnet.Key("default", SubnetId);

    public static async Task<TestResources> CreateAsync(string subnetRange, CancellationToken ct)
    {
        var world = await TestResources.CreateAsync(NetworkingKinds.All, ct);
        await world.Client.CreateAsync(NetworkingKinds.Vpc, new Vpc { Metadata = Meta(VpcId), Spec = { CidrBlock = "172.31.0.0/16" } }, ct);
        await world.Client.CreateAsync(NetworkingKinds.Subnet, new Subnet { Metadata = Meta(SubnetId), Spec = { VpcId = VpcId, CidrBlock = subnetRange, AvailabilityZone = "us-east-1a" } }, ct);
        return world;
    }

    public static async Task<ResourceKey> CreateInterfaceAsync(this TestResources world, int number, CancellationToken ct, Action<NetworkInterfaceSpec>? change = null)
    {
        var value = new NetworkInterface
        {
            Metadata = Meta($"eni-{number:x17}"),
            Spec =
            {
                VpcId = VpcId, SubnetId = SubnetId, PrivateIpAddress = $"172.31.0.{number}", MacAddress = $"0a:00:00:00:00:{number:x2}",
                NodeName = Node, Attachment = new() { AttachmentId = "eni-attach-1", InstanceId = $"i-{number:x17}" },
            },
        };
        value.Metadata.Finalizers = [NetworkInterface.Finalizer];
        change?.Invoke(value.Spec);
        await world.Client.CreateAsync(NetworkingKinds.NetworkInterface, value, ct);
        return NetworkingKinds.NetworkInterface.Key("default", value.Metadata.Name);
    }

    public static Task<SecurityGroup> CreateGroupAsync(this TestResources world, string id, IEnumerable<SecurityGroupRule> ingress, IEnumerable<SecurityGroupRule> egress, CancellationToken ct) =>
        world.Client.CreateAsync(NetworkingKinds.SecurityGroup, new SecurityGroup
        {
            Metadata = Meta(id),
            Spec = { GroupName = id, VpcId = VpcId, Description = "test", Ingress = [.. ingress], Egress = [.. egress] },
        }, ct);

    public static ObjectMeta Meta(string name) => new() { Name = name, Namespace = "default" };
}
