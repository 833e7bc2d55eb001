using System.Net;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Kinds;

namespace Skep.Networking.Addresses;

/// <summary>Adds network interfaces, each with the claim on its address, to a transaction.</summary>
public sealed class InterfaceBuilder(ResourceTransaction transaction, IIdSource ids)
{
    private readonly AddressAllocator _addresses = new(transaction.View);

    /// <summary>
    /// Adds an interface with an id, a MAC and the next free address, or the one given. The caller fills
    /// <paramref name="spec"/> with what else there is to say (groups, attachment, node).
    /// </summary>
    /// <returns>The interface as it will be stored; null when the address, or every address, is taken.</returns>
    public NetworkInterface? Add(Resource subnet, IPAddress? address, NetworkInterfaceSpec spec, Dictionary<string, string>? labels)
    {
        if (address is not null && !_addresses.TryTake(subnet, address))
            return null;
        address ??= _addresses.TryTake(subnet);
        if (address is null)
            return null;
        var at = subnet.View(NetworkingKinds.Subnet).Spec;
        (spec.VpcId, spec.SubnetId, spec.AvailabilityZone) = (at.VpcId, subnet.Key.Name, at.AvailabilityZone);
        spec.PrivateIpAddress = address.ToString();
        spec.MacAddress = MacAddress.New(ids).ToString();
        var key = transaction.Create(NetworkingKinds.NetworkInterface, new NetworkInterface
        {
            Metadata = { Name = ids.NewAwsId("eni"), Namespace = subnet.Key.Namespace, Labels = labels, Finalizers = [NetworkInterface.Finalizer] },
            Spec = spec,
        });
        var made = NetworkingKinds.NetworkInterface.Decode(transaction.Outcome(key)!.Value.Span);
        transaction.Create(NetworkingKinds.AddressClaim, new AddressClaim
        {
            Metadata =
            {
                Name = AddressAllocator.ClaimName(subnet.Key.Name, address),
                Namespace = subnet.Key.Namespace,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = NetworkingKinds.NetworkInterface.ApiVersion, Kind = NetworkingKinds.NetworkInterface.Name,
                        Name = key.Name, Uid = made.Metadata.Uid!, Controller = true,
                    },
                ],
            },
            Spec = { SubnetId = subnet.Key.Name, Address = spec.PrivateIpAddress, NetworkInterfaceId = key.Name },
        });
        return made;
    }
}
