using System.Net;
using Skep.Networking.Addresses;
using Skep.Networking.Dhcp;

namespace Skep.Networking.Tests.Dhcp;

public sealed class DhcpResponderTests
{
    private static readonly IPAddress _address = IPAddress.Parse("172.31.0.4");
    private static readonly IPAddress _server = IPAddress.Parse("172.31.0.1");
    private static readonly DhcpLease _lease = new()
    {
        Mac = new MacAddress(0x0a0000000004),
        Address = _address,
        Subnet = IPNetwork.Parse("172.31.0.0/20"),
        Dns = [IPAddress.Parse("172.31.0.2")],
        HostName = "ip-172-31-0-4",
        Domain = "ec2.internal",
        MtuBytes = 1500,
    };

    [Fact]
    public void A_discover_gets_an_offer_of_the_interfaces_address()
    {
        var reply = Respond(Message(DhcpMessageType.Discover))!;
        Assert.Equal(DhcpMessageType.Offer, reply.Message.Type);
        Assert.Equal(_address, reply.Message.YourAddress);
        Assert.Null(reply.Destination);
        Assert.Equal(_server, reply.Message.AddressOption(DhcpOption.ServerIdentifier));
        Assert.Equal([255, 255, 240, 0], reply.Message.Options[DhcpOption.SubnetMask]);
        Assert.Equal([0, 0, 14, 16], reply.Message.Options[DhcpOption.LeaseTime]);
        Assert.Equal([0, 0, 7, 8], reply.Message.Options[DhcpOption.RenewalTime]);
        Assert.Equal([0, 0, 12, 78], reply.Message.Options[DhcpOption.RebindingTime]);
        Assert.Equal([172, 31, 15, 255], reply.Message.Options[DhcpOption.BroadcastAddress]);
        Assert.Equal([5, 220], reply.Message.Options[DhcpOption.InterfaceMtu]);
        Assert.Equal([32, 169, 254, 169, 254, 172, 31, 0, 1, 0, 172, 31, 0, 1], reply.Message.Options[DhcpOption.ClasslessStaticRoute]);
    }

    [Fact]
    public void A_client_gets_only_what_it_asks_for_and_the_mask()
    {
        var reply = Respond(Message(DhcpMessageType.Discover, (DhcpOption.ParameterRequestList, [DhcpOption.Router, 42])))!;
        Assert.Equal(
            [DhcpOption.MessageType, DhcpOption.ServerIdentifier, DhcpOption.LeaseTime, DhcpOption.RenewalTime, DhcpOption.RebindingTime, DhcpOption.SubnetMask, DhcpOption.Router],
            reply.Message.Options.Keys);
    }

    [Fact]
    public void A_selecting_client_gets_its_address()
    {
        var reply = Respond(Message(DhcpMessageType.Request, (DhcpOption.ServerIdentifier, _server.GetAddressBytes()), (DhcpOption.RequestedAddress, _address.GetAddressBytes())))!;
        Assert.Equal(DhcpMessageType.Ack, reply.Message.Type);
        Assert.Equal(_address, reply.Message.YourAddress);
        Assert.Null(reply.Destination);
    }

    [Fact]
    public void A_client_that_chose_another_server_gets_no_answer() =>
        Assert.Null(Respond(Message(DhcpMessageType.Request, (DhcpOption.ServerIdentifier, [10, 0, 0, 1]), (DhcpOption.RequestedAddress, _address.GetAddressBytes()))));

    [Fact]
    public void A_rebooted_client_with_its_address_keeps_it() =>
        Assert.Equal(DhcpMessageType.Ack, Respond(Message(DhcpMessageType.Request, (DhcpOption.RequestedAddress, _address.GetAddressBytes())))!.Message.Type);

    [Fact]
    public void A_rebooted_client_with_another_address_is_refused()
    {
        var reply = Respond(Message(DhcpMessageType.Request, (DhcpOption.RequestedAddress, [192, 168, 0, 9])))!;
        Assert.Equal(DhcpMessageType.Nak, reply.Message.Type);
        Assert.Equal(IPAddress.Any, reply.Message.YourAddress);
        Assert.Null(reply.Destination);
        Assert.DoesNotContain(DhcpOption.LeaseTime, reply.Message.Options.Keys);
    }

    [Fact]
    public void A_renewing_client_is_answered_at_its_address()
    {
        var reply = Respond(Message(DhcpMessageType.Request, clientAddress: _address))!;
        Assert.Equal(DhcpMessageType.Ack, reply.Message.Type);
        Assert.Equal(_address, reply.Destination);
        Assert.Equal(_address, reply.Message.ClientAddress);
    }

    [Fact]
    public void A_client_that_renews_another_address_is_refused() =>
        Assert.Equal(DhcpMessageType.Nak, Respond(Message(DhcpMessageType.Request, clientAddress: IPAddress.Parse("172.31.0.9")))!.Message.Type);

    [Fact]
    public void A_request_for_no_address_is_refused() =>
        Assert.Equal(DhcpMessageType.Nak, Respond(Message(DhcpMessageType.Request))!.Message.Type);

    [Fact]
    public void An_inform_gets_the_configuration_without_a_lease()
    {
        var reply = Respond(Message(DhcpMessageType.Inform, clientAddress: _address))!;
        Assert.Equal(DhcpMessageType.Ack, reply.Message.Type);
        Assert.Equal(IPAddress.Any, reply.Message.YourAddress);
        Assert.DoesNotContain(DhcpOption.LeaseTime, reply.Message.Options.Keys);
        Assert.Equal(_server.GetAddressBytes(), reply.Message.Options[DhcpOption.Router]);
    }

    [Theory]
    [InlineData((byte)DhcpMessageType.Decline)]
    [InlineData((byte)DhcpMessageType.Release)]
    [InlineData((byte)DhcpMessageType.Offer)]
    [InlineData((byte)DhcpMessageType.Ack)]
    public void Other_messages_get_no_answer(byte type) => Assert.Null(Respond(Message((DhcpMessageType)type)));

    [Fact]
    public void Another_mac_a_relay_and_a_reply_get_no_answer()
    {
        var options = new Dictionary<byte, byte[]> { [DhcpOption.MessageType] = [(byte)DhcpMessageType.Discover] };
        Assert.Null(Respond(new DhcpMessage { ClientMac = new MacAddress(0x0a0000000005), Options = options }));
        Assert.Null(Respond(new DhcpMessage { ClientMac = _lease.Mac, RelayAddress = _server, Options = options }));
        Assert.Null(Respond(new DhcpMessage { ClientMac = _lease.Mac, IsReply = true, Options = options }));
        Assert.Null(Respond(new DhcpMessage { ClientMac = _lease.Mac }));
    }

    private static DhcpReply? Respond(DhcpMessage message) => DhcpResponder.Respond(message, _lease);

    private static DhcpMessage Message(DhcpMessageType type, params (byte Code, byte[] Value)[] options) => Message(type, IPAddress.Any, options);

    private static DhcpMessage Message(DhcpMessageType type, IPAddress clientAddress, params (byte Code, byte[] Value)[] options) => new()
    {
        TransactionId = 7,
        ClientMac = _lease.Mac,
        ClientAddress = clientAddress,
        Options = options.Prepend((DhcpOption.MessageType, [(byte)type])).ToDictionary(o => o.Item1, o => o.Item2),
    };
}
