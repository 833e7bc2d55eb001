using System.Net;
using Skep.Networking.Addresses;

namespace Skep.Networking.Dns;

/// <summary>What a VPC's DNS answers itself: names of its own addresses and the way back. Immutable.</summary>
/// <param name="Cidr">The VPC's range.</param>
/// <param name="Domain">The instances' domain.</param>
/// <param name="Addresses">Addresses that interfaces have.</param>
internal sealed record DnsZone(IPNetwork Cidr, string Domain, IReadOnlySet<IPAddress> Addresses)
{
    /// <summary>The answer to a question about this VPC; null when others have to be asked.</summary>
    public byte[]? Answer(ReadOnlySpan<byte> query, DnsQuestion question)
    {
        if (question.Class != DnsCode.ClassInternet)
            return null;
        if (InternalDns.AddressOfReverse(question.Name) is { } reverse && Cidr.Contains(reverse))
        {
            if (!Addresses.Contains(reverse))
                return DnsAnswer.Write(query, question, DnsCode.NameError, 0, null);
            var name = question.Type is DnsCode.TypePtr or DnsCode.TypeAny
                ? DnsAnswer.EncodeName($"{InternalDns.HostNameOf(reverse)}.{Domain}")
                : null;
            return DnsAnswer.Write(query, question, DnsCode.Ok, DnsCode.TypePtr, name);
        }

        if (!question.Name.EndsWith("." + Domain, StringComparison.Ordinal))
            return null;
        // The domain is nobody else's: a name that is not known here is known nowhere.
        if (InternalDns.AddressOf(question.Name[..^(Domain.Length + 1)]) is not { } address || !Addresses.Contains(address))
            return DnsAnswer.Write(query, question, DnsCode.NameError, 0, null);
        var data = question.Type is DnsCode.TypeA or DnsCode.TypeAny ? address.GetAddressBytes() : null;
        return DnsAnswer.Write(query, question, DnsCode.Ok, DnsCode.TypeA, data);
    }
}
