using System.Net;
using System.Text;
using Skep.Networking.Addresses;

namespace Skep.Networking.Dhcp;

/// <summary>A message to send. Without a destination it is broadcast on the guest's link.</summary>
internal sealed record DhcpReply(DhcpMessage Message, IPAddress? Destination);

/// <summary>
/// The server's side of RFC 2131, section 4.3, for a single client whose address is known beforehand. It has no state:
/// the same request always gets the same answer, so a restart goes unnoticed.
/// </summary>
internal static class DhcpResponder
{
    /// <summary>Answers a message; null when it gets none.</summary>
    public static DhcpReply? Respond(DhcpMessage request, DhcpLease lease)
    {
        // No relays: every guest is on a link of its own.
        if (request.IsReply || request.ClientMac != lease.Mac || !request.RelayAddress.Equals(IPAddress.Any))
            return null;
        return request.Type switch
        {
            DhcpMessageType.Discover => Grant(DhcpMessageType.Offer, request, lease),
            DhcpMessageType.Request => RespondToRequest(request, lease),
            DhcpMessageType.Inform => Inform(request, lease),
            // A decline says that somebody else has the address, which the firewall makes impossible; a release changes nothing.
            _ => null,
        };
    }

    private static DhcpReply? RespondToRequest(DhcpMessage request, DhcpLease lease)
    {
        var server = request.AddressOption(DhcpOption.ServerIdentifier);
        if (server is not null && !server.Equals(lease.Router))
            return null; // the client chose another server
        // Selecting and rebooting clients ask by option, renewing and rebinding ones by the address that they use.
        var wanted = request.AddressOption(DhcpOption.RequestedAddress) ?? request.ClientAddress;
        return wanted.Equals(lease.Address)
            ? Grant(DhcpMessageType.Ack, request, lease)
            : Refuse(request, lease, $"{wanted} is not this interface's address");
    }

    private static DhcpReply Grant(DhcpMessageType type, DhcpMessage request, DhcpLease lease) => new(
        new DhcpMessage
        {
            IsReply = true,
            TransactionId = request.TransactionId,
            IsBroadcast = request.IsBroadcast,
            ClientAddress = type is DhcpMessageType.Ack ? request.ClientAddress : IPAddress.Any,
            YourAddress = lease.Address,
            ClientMac = request.ClientMac,
            Options = Options(type, lease, [.. lease.Times, .. Requested(request, lease)]),
        },
        // Only a client that has its address already can be reached by it.
        Destination: type is DhcpMessageType.Ack && request.ClientAddress.Equals(lease.Address) ? lease.Address : null);

    private static DhcpReply Refuse(DhcpMessage request, DhcpLease lease, string why) => new(
        new DhcpMessage
        {
            IsReply = true,
            TransactionId = request.TransactionId,
            IsBroadcast = true,
            ClientMac = request.ClientMac,
            Options = Options(DhcpMessageType.Nak, lease, [new(DhcpOption.Message, Encoding.ASCII.GetBytes(why))]),
        },
        Destination: null);

    private static DhcpReply? Inform(DhcpMessage request, DhcpLease lease) =>
        // The answer goes to the address that the client says it has: only to its own.
        request.ClientAddress.Equals(lease.Address)
            ? new(
                new DhcpMessage
                {
                    IsReply = true,
                    TransactionId = request.TransactionId,
                    IsBroadcast = request.IsBroadcast,
                    ClientAddress = request.ClientAddress,
                    ClientMac = request.ClientMac,
                    Options = Options(DhcpMessageType.Ack, lease, Requested(request, lease)),
                },
                lease.Address)
            : null;

    private static Dictionary<byte, byte[]> Options(DhcpMessageType type, DhcpLease lease, IEnumerable<KeyValuePair<byte, byte[]>> more) =>
        new(
        [
            new(DhcpOption.MessageType, [(byte)type]),
            new(DhcpOption.ServerIdentifier, lease.Router.GetAddressBytes()),
            .. more,
        ]);

    /// <summary>What the client asked for, all of it when it did not say; the mask in any case.</summary>
    private static IEnumerable<KeyValuePair<byte, byte[]>> Requested(DhcpMessage request, DhcpLease lease) =>
        request.Options.TryGetValue(DhcpOption.ParameterRequestList, out var list)
            ? lease.Configuration.Where(o => o.Key == DhcpOption.SubnetMask || list.Contains(o.Key))
            : lease.Configuration.Where(o => o.Key != DhcpOption.MicrosoftClasslessStaticRoute);
}
