using System.Buffers.Binary;
using System.Text;
using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>The handshake, byte by byte.</summary>
public sealed class NbdOptionTests
{
    private const uint Ack = 1;
    private const uint Unsup = 0x80000001;
    private const uint Policy = 0x80000002;
    private const uint Invalid = 0x80000003;
    private const uint Unknown = 0x80000006;
    private const uint TooBig = 0x80000009;
    private const uint ExtHeaderReqd = 0x8000000a;

    [Fact]
    public async Task Answers_unknown_options_and_goes_on()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Unsup, await client.AskAsync(4));
        Assert.Equal(Unsup, await client.AskAsync(0xdeadbeef, new byte[1000]));
        Assert.Equal(Policy, await client.AskAsync(5));
        Assert.Equal(Invalid, await client.AskAsync(3, "data"));
        Assert.Equal(Invalid, await client.AskAsync(8, "data"));
        Assert.Equal(Ack, await client.GoAsync());
    }

    [Fact]
    public async Task Tells_everything_about_an_export()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20, new BlockDeviceTraits { BlockSizeMin = 512, BlockSizePreferred = 65536, IsFlushShared = false }));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(6, 0u, (ushort)3, (ushort)1, (ushort)2, (ushort)3);
        var info = await InfosAsync(client, 6);
        // Size, and flags: flags, flush, FUA, trim, zeroes, cache, fast zero; not multi-conn, not DF.
        Assert.Equal(RawNbdClient.Bytes(1UL << 20, (ushort)0b1100_0110_1101), info[0]);
        Assert.Equal("disk"u8.ToArray(), info[1]);
        Assert.Equal("a disk"u8.ToArray(), info[2]);
        Assert.Equal(RawNbdClient.Bytes(512u, 65536u, 1u << 25), info[3]);
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(4096, 4096)]
    public async Task Keeps_the_preferred_size_legal(int smallest, int preferred)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20, new BlockDeviceTraits { BlockSizeMin = smallest, BlockSizePreferred = 1 }));
        await using var client = await fixture.ConnectAsync();
        Assert.Equal(smallest, client.BlockSizeMin);
        Assert.Equal(preferred, client.BlockSizePreferred);
    }

    [Fact]
    public async Task Says_what_is_possible_in_the_flags()
    {
        await using var fixture = new NbdFixture(new NbdExportTable(
            new NbdExport("rw", new MemoryDevice(1)),
            new NbdExport("ro", new MemoryDevice(1)) { IsReadOnly = true },
            new NbdExport("plain", new MemoryDevice(1, new BlockDeviceTraits { CanTrim = false, IsFlushShared = false }))));
        await using var writable = await fixture.ConnectAsync(fixture.ClientOptions with { ExportName = "rw" });
        Assert.True(writable is { IsReadOnly: false, CanTrim: true, CanWriteZeroes: true, CanFastZero: true, CanFlush: true, CanFua: true, CanCache: true, CanMultiConn: true, CanResize: true });
        await using var readOnly = await fixture.ConnectAsync(fixture.ClientOptions with { ExportName = "ro" });
        Assert.True(readOnly is { IsReadOnly: true, CanTrim: false, CanWriteZeroes: false, CanFastZero: false, CanResize: false, CanMultiConn: true });
        await using var plain = await fixture.ConnectAsync(fixture.ClientOptions with { ExportName = "plain" });
        Assert.True(plain is { CanTrim: false, CanMultiConn: false, CanResize: false, CanWriteZeroes: true });
    }

    [Theory]
    [InlineData(0u, 124)]
    [InlineData(1u, 124)]
    [InlineData(2u, 0)]
    [InlineData(3u, 0)]
    public async Task Serves_the_old_way_to_choose_an_export(uint flags, int padding)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(12345));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync(flags);
        await client.SendOptionAsync(1, "disk");
        var answer = await client.ReceiveAsync(10 + padding);
        Assert.Equal(12345UL, BinaryPrimitives.ReadUInt64BigEndian(answer));
        Assert.All(answer![10..], b => Assert.Equal(0, b));
        await client.RequestAsync(3, 77, 0, 0);
        Assert.Equal((0u, 77UL), await client.ReceiveSimpleAsync());
    }

    [Theory]
    [InlineData("absent", null)]
    [InlineData(null, 5000)]
    public async Task Hangs_up_on_an_old_choice_that_cannot_be(string? name, int? length)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(1, name ?? new string('x', length!.Value));
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Equal(NbdFailure.Export, Assert.Single(fixture.Ends).Failure);
    }

    [Fact]
    public async Task Refuses_names_that_are_too_long_or_no_text()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Unknown, await client.GoAsync(new string('n', 4096)));
        Assert.Equal(TooBig, await client.GoAsync(new string('n', 4097)));
        Assert.Equal(TooBig, await client.GoAsync(new string('n', 60_000)));
        // Beyond what an option may have at all, and beyond what is skipped.
        Assert.Equal(TooBig, await client.GoAsync(new string('n', 200_000)));
        Assert.Equal(Invalid, await client.AskAsync(7, 2u, new byte[] { 0xff, 0xfe }, (ushort)0));
        Assert.Equal(Invalid, await client.AskAsync(7, 3u, "a\0b", (ushort)0));
        Assert.Equal(Ack, await client.GoAsync());
    }

    [Fact]
    public async Task Hangs_up_on_an_option_of_gigabytes()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        await client.SendAsync(RawNbdClient.OptionMagic, 99u, uint.MaxValue);
        await client.AssertClosedAsync();
    }

    [Fact]
    public async Task Refuses_options_whose_parts_do_not_fit_together()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Ack, await client.AskAsync(8));
        foreach (var option in new[] { 6u, 7u })
        {
            Assert.Equal(Invalid, await client.AskAsync(option));
            Assert.Equal(Invalid, await client.AskAsync(option, uint.MaxValue, (ushort)0));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u, (ushort)5, (ushort)0));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u, (ushort)0, "rest"));
        }

        foreach (var option in new[] { 9u, 10u })
        {
            Assert.Equal(Invalid, await client.AskAsync(option));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u, uint.MaxValue));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u, 1u, 100u, "base:"));
            Assert.Equal(Invalid, await client.AskAsync(option, 0u, 0u, "rest"));
        }

        Assert.Equal(Ack, await client.GoAsync());
    }

    [Fact]
    public async Task Lists_and_selects_contexts()
    {
        await using var fixture = new NbdFixture(new DirtyDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Invalid, await client.AskAsync(10, 0u, 1u, 15u, "base:allocation"));
        Assert.Equal(Ack, await client.AskAsync(8));
        Assert.Equal(["base:allocation", "qemu:dirty-bitmap:b0"], await ContextsAsync(client, 9));
        Assert.Equal(["base:allocation"], await ContextsAsync(client, 9, "base:"));
        Assert.Equal(["qemu:dirty-bitmap:b0"], await ContextsAsync(client, 9, "qemu:"));
        Assert.Equal(["qemu:dirty-bitmap:b0"], await ContextsAsync(client, 9, "qemu:dirty-bitmap:", "x-other:thing"));
        Assert.Empty(await ContextsAsync(client, 9, "x-other:"));
        // Selecting takes whole names alone, and nothing selects nothing.
        Assert.Empty(await ContextsAsync(client, 10, "base:"));
        Assert.Empty(await ContextsAsync(client, 10));
        Assert.Equal(["base:allocation", "qemu:dirty-bitmap:b0"], await ContextsAsync(client, 10, "qemu:dirty-bitmap:b0", "base:allocation", "qemu:dirty-bitmap:b9"));
        Assert.Equal(Unknown, await client.AskAsync(9, 6u, "absent", 0u));
    }

    [Fact]
    public async Task Forgets_contexts_that_were_selected_for_another_export()
    {
        await using var fixture = new NbdFixture(new NbdExportTable(new NbdExport("a", new MemoryDevice(4096)), new NbdExport("b", new MemoryDevice(4096))));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Ack, await client.AskAsync(8));
        Assert.Equal(Ack, await client.AskAsync(10, 1u, "a", 1u, 15u, "base:allocation"));
        Assert.Equal(Ack, await client.GoAsync("b"));
        await client.RequestAsync(7, 1, 0, 4096);
        Assert.Equal(22u, (await client.ReceiveChunkAsync()).Error);
    }

    [Fact]
    public async Task Prefers_extended_headers()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Ack, await client.AskAsync(8));
        Assert.Equal(Ack, await client.AskAsync(11));
        Assert.Equal(ExtHeaderReqd, await client.AskAsync(8));
        await client.SendOptionAsync(1, "disk");
        await client.AssertClosedAsync();
    }

    [Fact]
    public async Task Says_goodbye_to_an_abort()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        Assert.Equal(Ack, await client.AskAsync(2, "ignored"));
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Equal(NbdFailure.None, Assert.Single(fixture.Ends).Failure);
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(0x80000003u)]
    public async Task Hangs_up_on_unknown_client_flags(uint flags)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync(flags);
        await client.AssertClosedAsync();
    }

    [Fact]
    public async Task Hangs_up_on_what_is_no_option()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(1 << 20));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        await client.SendAsync("GET / HTTP/1.1\r\n");
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Equal(NbdFailure.Protocol, Assert.Single(fixture.Ends).Failure);
    }

    private static async Task<Dictionary<int, byte[]>> InfosAsync(RawNbdClient client, uint option)
    {
        var infos = new Dictionary<int, byte[]>();
        while (await client.ReceiveOptionReplyAsync(option) is { Type: not Ack } reply)
        {
            Assert.Equal(3u, reply.Type);
            infos.Add(BinaryPrimitives.ReadUInt16BigEndian(reply.Data), reply.Data[2..]);
        }

        return infos;
    }

    private static async Task<List<string>> ContextsAsync(RawNbdClient client, uint option, params string[] queries)
    {
        List<object> data = [0u, (uint)queries.Length];
        foreach (var query in queries)
            data.AddRange([(uint)query.Length, query]);
        await client.SendOptionAsync(option, [.. data]);
        var names = new List<string>();
        while (await client.ReceiveOptionReplyAsync(option) is { Type: not Ack } reply)
        {
            Assert.Equal(4u, reply.Type);
            names.Add(Encoding.UTF8.GetString(reply.Data, 4, reply.Data.Length - 4));
        }

        return names;
    }
}
