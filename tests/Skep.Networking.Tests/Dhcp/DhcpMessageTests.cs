using System.Net;
using Skep.Networking.Addresses;
using Skep.Networking.Dhcp;

namespace Skep.Networking.Tests.Dhcp;

public sealed class DhcpMessageTests
{
    private static readonly DhcpMessage _discover = new()
    {
        TransactionId = 0x12345678,
        Seconds = 3,
        IsBroadcast = true,
        ClientMac = new MacAddress(0x0a0000000004),
        Options = new Dictionary<byte, byte[]>
        {
            [DhcpOption.MessageType] = [(byte)DhcpMessageType.Discover],
            [DhcpOption.RequestedAddress] = [172, 31, 0, 4],
            [DhcpOption.ParameterRequestList] = [1, 3, 6],
        },
    };

    [Fact]
    public void Reads_what_it_writes()
    {
        Assert.True(DhcpMessage.TryParse(_discover.ToBytes(), out var read));
        Assert.False(read.IsReply);
        Assert.Equal(_discover.TransactionId, read.TransactionId);
        Assert.Equal(3, read.Seconds);
        Assert.True(read.IsBroadcast);
        Assert.Equal(_discover.ClientMac, read.ClientMac);
        Assert.Equal(DhcpMessageType.Discover, read.Type);
        Assert.Equal(IPAddress.Parse("172.31.0.4"), read.AddressOption(DhcpOption.RequestedAddress));
        Assert.Equal([1, 3, 6], read.Options[DhcpOption.ParameterRequestList]);
    }

    [Fact]
    public void Has_the_layout_of_the_standard()
    {
        var bytes = _discover.ToBytes();
        Assert.Equal(300, bytes.Length);
        Assert.Equal([1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 0, 3, 0x80, 0], bytes[..12]);
        Assert.Equal([0x0a, 0, 0, 0, 0, 4], bytes[28..34]);
        Assert.Equal([99, 130, 83, 99, 53, 1, 1], bytes[236..243]);
        Assert.Equal(255, bytes[240 + 3 + 6 + 5]);
    }

    [Fact]
    public void A_long_option_is_split_and_joined_again()
    {
        var value = Enumerable.Range(0, 700).Select(i => (byte)i).ToArray();
        var message = new DhcpMessage { ClientMac = new MacAddress(1), Options = new Dictionary<byte, byte[]> { [224] = value, [225] = [] } };
        Assert.True(DhcpMessage.TryParse(message.ToBytes(), out var read));
        Assert.Equal(value, read.Options[224]);
        Assert.Empty(read.Options[225]);
    }

    [Fact]
    public void Options_in_the_server_name_and_file_fields_are_read()
    {
        var bytes = new DhcpMessage { ClientMac = new MacAddress(1), Options = new Dictionary<byte, byte[]> { [DhcpOption.Overload] = [3] } }.ToBytes();
        new byte[] { 12, 1, (byte)'a', 255 }.CopyTo(bytes, 108);
        new byte[] { 15, 1, (byte)'b', 255 }.CopyTo(bytes, 44);
        Assert.True(DhcpMessage.TryParse(bytes, out var read));
        Assert.Equal("a"u8.ToArray(), read.Options[12]);
        Assert.Equal("b"u8.ToArray(), read.Options[15]);
    }

    [Fact]
    public void Any_cut_is_refused_or_read_but_never_fails()
    {
        var bytes = _discover.ToBytes();
        for (var length = 0; length < bytes.Length; length++)
        {
            var isRead = DhcpMessage.TryParse(bytes.AsSpan(0, length), out _);
            if (length < 240)
                Assert.False(isRead);
        }
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 6)]
    [InlineData(2, 16)]
    [InlineData(236, 0)]
    public void Refuses_what_is_not_DHCP_over_Ethernet(int offset, byte value)
    {
        var bytes = _discover.ToBytes();
        bytes[offset] = value;
        Assert.False(DhcpMessage.TryParse(bytes, out _));
    }

    [Fact]
    public void Survives_mutations()
    {
        const int seed = 20260102;
        var random = new Random(seed);
        var original = _discover.ToBytes();
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = original[..random.Next(original.Length + 1)];
            for (var n = random.Next(8); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (!DhcpMessage.TryParse(bytes, out var read))
                continue;
            // What was read can be written, and reads the same again.
            Assert.True(DhcpMessage.TryParse(read.ToBytes(), out var again), $"seed {seed}, step {i}");
            foreach (var (code, value) in read.Options.Where(o => o.Key is not (DhcpOption.Pad or DhcpOption.Overload)))
                Assert.Equal(value, again.Options[code]);
        }
    }
}
