using System.Net;
using Skep.Networking.Addresses;

namespace Skep.Networking.Agent;

/// <summary>
/// The addresses of a VPC's veth pair: four of 169.254.64.0/18, which no router forwards and which the metadata service
/// (169.254.169.254) is not in. The host's end is the first usable one, the namespace's the second.
/// </summary>
internal readonly record struct VpcLink(IPNetwork Range)
{
    /// <summary>Four addresses, of which two are usable.</summary>
    public const int PrefixLength = 30;

    /// <summary>All ranges that links are made of.</summary>
    public static readonly IPNetwork Pool = new(new IPAddress([169, 254, 64, 0]), 18);

    /// <summary>How many links there can be on a host.</summary>
    public static int Count => 1 << (PrefixLength - Pool.PrefixLength);

    /// <summary>The host's address.</summary>
    public IPAddress Host => Ipv4.At(Range, 1);

    /// <summary>The namespace's address.</summary>
    public IPAddress Uplink => Ipv4.At(Range, 2);

    /// <summary>The link of a number below <see cref="Count"/>.</summary>
    public static VpcLink At(int index) => new(new IPNetwork(Ipv4.At(Pool, (long)index << (32 - PrefixLength)), PrefixLength));

    /// <summary>The link that an address on the host's veth belongs to; null when it is not of the pool.</summary>
    public static VpcLink? Of(IPAddress address, int prefixLength) =>
        prefixLength == PrefixLength && Pool.Contains(address)
            ? At((int)((Ipv4.ToNumber(address) - Ipv4.ToNumber(Pool.BaseAddress)) >> (32 - PrefixLength)))
            : null;

    /// <summary>
    /// The first free link from a starting point that is the VPC's own, so that it mostly gets the same again.
    /// </summary>
    /// <param name="seed">The VPC's starting point.</param>
    /// <param name="taken">Ranges that the host uses or routes.</param>
    /// <returns>Null when all are taken.</returns>
    public static VpcLink? Pick(uint seed, IReadOnlyCollection<IPNetwork> taken)
    {
        for (var i = 0; i < Count; i++)
        {
            var link = At((int)((seed + i) % Count));
            if (!taken.Any(range => Pool.PrefixLength <= range.PrefixLength && Ipv4.Overlap(range, link.Range)))
                return link;
        }

        return null;
    }
}
