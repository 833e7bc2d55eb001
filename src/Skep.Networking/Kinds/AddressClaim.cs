using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>
/// The claim on one address of a subnet, named "SUBNET.a-b-c-d": names are unique, so an address is never given twice.
/// Owned by the interface that has the address and collected with it.
/// </summary>
public sealed class AddressClaim : ResourceObject
{
    public AddressClaimSpec Spec { get; set; } = new();
}

/// <summary>Which address, and of what.</summary>
public sealed class AddressClaimSpec : OpenObject
{
    public string SubnetId { get; set; } = "";
    public string Address { get; set; } = "";

    [Description("The interface that has it.")]
    public string NetworkInterfaceId { get; set; } = "";
}
