using System.Buffers.Binary;
using System.Net;
using Skep.Aws.Dispatch;
using Skep.Core.Resources;
using Skep.Networking.Addresses;

namespace Skep.Aws.Ec2;

/// <summary>
/// The free addresses of a subnet as a call sees them. An address is taken by creating its claim; two calls that choose
/// the same one collide when they commit, and the later one is run again.
/// </summary>
internal sealed class AddressPool
{
    private readonly string _subnetId;
    private readonly IPNetwork _network;
    private readonly IIdSource _ids;
    private readonly HashSet<uint> _taken = [];

    public AddressPool(AwsCall call, SubnetResource subnet)
    {
        _subnetId = subnet.Metadata.Name;
        _ids = call.Ids;
        if (!Ipv4.TryParseNetwork(subnet.Spec.CidrBlock, out _network))
            throw new InvalidOperationException($"subnet {_subnetId} has the range {subnet.Spec.CidrBlock}");
        foreach (var claim in Claims(call, _subnetId))
        {
            if (Ipv4.TryParseAddress(claim.Spec.Address, out var address))
                _taken.Add(Ipv4.ToNumber(address));
        }
    }

    /// <summary>How many addresses are free.</summary>
    public long FreeCount => SubnetLayout.Usable(_network) - _taken.Count;

    /// <summary>Takes a free address, chosen at random so that concurrent launches seldom collide.</summary>
    public IPAddress Take()
    {
        if (FreeCount <= 0)
            throw Ec2Errors.SubnetFull(_subnetId);
        Span<byte> random = stackalloc byte[8];
        _ids.Fill(random);
        var usable = SubnetLayout.Usable(_network);
        var start = (long)(BinaryPrimitives.ReadUInt64LittleEndian(random) % (ulong)usable);
        for (var step = 0L; step < usable; step++)
        {
            var address = Ipv4.At(_network, SubnetLayout.ReservedAtStart + ((start + step) % usable));
            if (_taken.Add(Ipv4.ToNumber(address)))
                return address;
        }

        throw Ec2Errors.SubnetFull(_subnetId);
    }

    /// <summary>The claims on a subnet's addresses; their names begin with the subnet's.</summary>
    public static IEnumerable<AddressClaimResource> Claims(AwsCall call, string subnetId)
    {
        var prefix = subnetId + ".";
        return call.View
            .List(NetworkingKinds.AddressClaim.GroupResource, call.Namespace, NetworkingKinds.AddressClaim.Key(call.Namespace, prefix))
            .TakeWhile(c => c.Key.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(c => c.View(NetworkingKinds.AddressClaim));
    }
}
