using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>The kinds of group network.skep.dev.</summary>
public static class NetworkingKinds
{
    private const string Group = "network.skep.dev";

    /// <summary>Virtual private networks.</summary>
    public static readonly Kind<Vpc> Vpc = new(NetworkingJson.Default.Vpc)
    {
        Group = Group, Name = "Vpc", Plural = "vpcs",
        Description = "A virtual private network.",
        Validate = NetworkingRules.Check,
        Columns = [new("Cidr", "spec.cidrBlock"), new("Default", "spec.isDefault", "boolean"), new("State", "status.state")],
    };

    /// <summary>Parts of a VPC.</summary>
    public static readonly Kind<Subnet> Subnet = new(NetworkingJson.Default.Subnet)
    {
        Group = Group, Name = "Subnet", Plural = "subnets",
        Description = "A part of a VPC's range in one zone.",
        Validate = NetworkingRules.Check,
        Columns = [new("Vpc", "spec.vpcId"), new("Cidr", "spec.cidrBlock"), new("Zone", "spec.availabilityZone"), new("State", "status.state")],
        SelectableFields = ["spec.vpcId"],
    };

    /// <summary>Firewalls of interfaces.</summary>
    public static readonly Kind<SecurityGroup> SecurityGroup = new(NetworkingJson.Default.SecurityGroup)
    {
        Group = Group, Name = "SecurityGroup", Plural = "securitygroups", ShortNames = ["sg"], HasStatus = false,
        Description = "A stateful firewall for network interfaces.",
        Validate = NetworkingRules.Check,
        Columns = [new("Group-Name", "spec.groupName"), new("Vpc", "spec.vpcId"), new("Description", "spec.description", Wide: true)],
        SelectableFields = ["spec.vpcId"],
    };

    /// <summary>Interfaces of instances.</summary>
    public static readonly Kind<NetworkInterface> NetworkInterface = new(NetworkingJson.Default.NetworkInterface)
    {
        Group = Group, Name = "NetworkInterface", Plural = "networkinterfaces", ShortNames = ["eni"],
        Description = "A network interface of an instance.",
        Validate = NetworkingRules.Check,
        Columns =
        [
            new("State", "status.state"), new("Address", "spec.privateIpAddress"), new("Instance", "spec.attachment.instanceId"),
            new("Subnet", "spec.subnetId"), new("Mac", "spec.macAddress", Wide: true), new("Device", "status.deviceName", Wide: true),
        ],
        SelectableFields = ["spec.nodeName", "spec.subnetId", "spec.vpcId", "spec.attachment.instanceId"],
    };

    /// <summary>Claims on addresses.</summary>
    public static readonly Kind<AddressClaim> AddressClaim = new(NetworkingJson.Default.AddressClaim)
    {
        Group = Group, Name = "AddressClaim", Plural = "addressclaims", HasStatus = false,
        Description = "The claim on one address of a subnet.",
        Validate = NetworkingRules.Check,
        Columns = [new("Address", "spec.address"), new("Interface", "spec.networkInterfaceId")],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Vpc, Subnet, SecurityGroup, NetworkInterface, AddressClaim];
}
