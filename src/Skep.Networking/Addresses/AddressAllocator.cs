using System.Net;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Kinds;

namespace Skep.Networking.Addresses;

/// <summary>
/// Picks free addresses of subnets as one view shows them. It goes round: after the address that was claimed last comes the
/// next, so that an address which has become free is not given away again at once. The same view gives the same addresses.
/// What it has given it does not give twice; the claim's name makes sure of it between writers. Not thread-safe: one a
/// transaction.
/// </summary>
public sealed class AddressAllocator(View view)
{
    private readonly Dictionary<ResourceKey, State> _subnets = [];

    /// <summary>The name of the claim on an address.</summary>
    public static string ClaimName(string subnetId, IPAddress address) => $"{subnetId}.{address.ToString().Replace('.', '-')}";

    /// <summary>How many addresses of a subnet are free.</summary>
    public long CountFree(Resource subnet)
    {
        var state = StateOf(subnet);
        return SubnetLayout.Usable(state.Range) - state.Taken.Count;
    }

    /// <summary>Takes the next free address; null when there is none left.</summary>
    public IPAddress? TryTake(Resource subnet)
    {
        var state = StateOf(subnet);
        var usable = SubnetLayout.Usable(state.Range);
        for (long i = 0; i < usable; i++)
        {
            var address = Ipv4.At(state.Range, SubnetLayout.ReservedAtStart + ((state.Next + i) % usable));
            if (!state.Taken.Add(Ipv4.ToNumber(address)))
                continue;
            state.Next = (state.Next + i + 1) % usable;
            return address;
        }

        return null;
    }

    /// <summary>Takes a certain address. False when it is taken, reserved or not in the subnet.</summary>
    public bool TryTake(Resource subnet, IPAddress address)
    {
        var state = StateOf(subnet);
        return SubnetLayout.IsUsable(state.Range, address) && state.Taken.Add(Ipv4.ToNumber(address));
    }

    private State StateOf(Resource subnet)
    {
        if (_subnets.TryGetValue(subnet.Key, out var known))
            return known;
        var cidr = subnet.View(NetworkingKinds.Subnet).Spec.CidrBlock;
        if (!Ipv4.TryParseNetwork(cidr, out var range))
            throw new ResourceException(ResourceError.Invalid, $"the range \"{cidr}\" of subnet {subnet.Key.Name} is not an IPv4 range") { Key = subnet.Key };
        var state = new State(range);
        var newest = 0L;
        foreach (var claim in ClaimsOf(subnet.Key))
        {
            if (!Ipv4.TryParseAddress(claim.View(NetworkingKinds.AddressClaim).Spec.Address, out var address) || !SubnetLayout.IsUsable(range, address))
                continue;
            state.Taken.Add(Ipv4.ToNumber(address));
            if (claim.Revision <= newest)
                continue;
            newest = claim.Revision;
            state.Next = Ipv4.ToNumber(address) - Ipv4.ToNumber(range.BaseAddress) - SubnetLayout.ReservedAtStart + 1;
        }

        return _subnets[subnet.Key] = state;
    }

    /// <summary>Claims of a subnet stand together, because their names begin with its.</summary>
    private IEnumerable<Resource> ClaimsOf(ResourceKey subnet)
    {
        var prefix = subnet.Name + ".";
        return view.List(NetworkingKinds.AddressClaim.GroupResource, subnet.Namespace, NetworkingKinds.AddressClaim.Key(subnet.Namespace, prefix))
            .TakeWhile(r => r.Key.Namespace == subnet.Namespace && r.Key.Name.StartsWith(prefix, StringComparison.Ordinal));
    }

    private sealed class State(IPNetwork range)
    {
        public IPNetwork Range { get; } = range;
        public HashSet<uint> Taken { get; } = [];

        /// <summary>Counts from the first usable address.</summary>
        public long Next { get; set; }
    }
}
