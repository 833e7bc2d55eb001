using System.Buffers.Binary;
using Skep.Blocks.Devices;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>Requests and replies, byte by byte.</summary>
public sealed class NbdRequestTests
{
    private const ushort Read = 0;
    private const ushort Write = 1;
    private const ushort Disconnect = 2;
    private const ushort Flush = 3;
    private const ushort Trim = 4;
    private const ushort Cache = 5;
    private const ushort Zero = 6;
    private const ushort Status = 7;
    private const ushort Resize = 8;

    private const ushort Fua = 1;
    private const ushort NoHole = 2;
    private const ushort DontFragment = 4;
    private const ushort ReqOne = 8;
    private const ushort FastZero = 16;
    private const ushort PayloadLen = 32;

    private const uint EPERM = 1;
    private const uint EIO = 5;
    private const uint EINVAL = 22;
    private const uint ENOSPC = 28;
    private const uint EOVERFLOW = 75;
    private const uint ENOTSUP = 95;

    private const int Size = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<ushort, ulong, uint, ushort, uint> Refused => new()
    {
        // What reaches beyond the end, from either side of it, and around the end of all numbers.
        { Read, Size, 1, 0, EINVAL },
        { Read, Size - 511, 512, 0, EINVAL },
        { Read, ulong.MaxValue, 1, 0, EINVAL },
        { Read, ulong.MaxValue - 511, 512, 0, EINVAL },
        { Trim, Size, 1, 0, EINVAL },
        { Cache, Size - 1, 2, 0, EINVAL },
        { Zero, Size - 1, 2, 0, ENOSPC },
        { Zero, 1UL << 63, 512, 0, ENOSPC },
        { Zero, 0, uint.MaxValue, 0, ENOSPC },
        // More than a payload.
        { Read, 0, (1u << 25) + 1, 0, EINVAL },
        { Read, 0, uint.MaxValue, 0, EINVAL },
        // Unknown commands and flags, and flags of other commands.
        { 9, 0, 512, 0, EINVAL },
        { 0xffff, 0, uint.MaxValue, 0, EINVAL },
        { Read, 0, 512, 0x40, EINVAL },
        { Read, 0, 512, NoHole, EINVAL },
        { Read, 0, 512, DontFragment, EINVAL },
        { Read, 0, 512, PayloadLen, EINVAL },
        { Zero, 0, 512, ReqOne, EINVAL },
        { Trim, 0, 512, FastZero, EINVAL },
        { Cache, 0, 512, 0x8000, EINVAL },
        { Flush, 0, 0, NoHole, EINVAL },
        // What a flush does not have, and what was not agreed on.
        { Flush, 512, 0, 0, EINVAL },
        { Flush, 0, 512, 0, EINVAL },
        { Status, 0, 512, 0, EINVAL },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Refuses_and_stays_in_step(ushort command, ulong offset, uint length, ushort flags, uint error)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.RequestAsync(command, 0x0102030405060708, offset, length, flags);
        Assert.Equal((error, 0x0102030405060708UL), await client.ReceiveSimpleAsync());
        await AssertInStepAsync(client);
    }

    [Theory]
    [InlineData((ulong)Size, 512, 0, ENOSPC)]
    [InlineData(Size - 100UL, 300_000, 0, ENOSPC)]
    [InlineData(ulong.MaxValue, 1, 0, ENOSPC)]
    [InlineData(0UL, 512, NoHole, EINVAL)]
    public async Task Skips_the_payload_of_a_write_that_it_refuses(ulong offset, int length, ushort flags, uint error)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.RequestAsync(Write, 5, offset, (uint)length, flags, new byte[length]);
        Assert.Equal((error, 5UL), await client.ReceiveSimpleAsync());
        await AssertInStepAsync(client);
    }

    [Fact]
    public async Task Takes_the_largest_payload_and_hangs_up_on_a_larger_one()
    {
        var device = new MemoryDevice(64 << 20);
        await using var fixture = new NbdFixture(device);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        var data = NbdClientTests.Noise(1, 1 << 25);
        await client.RequestAsync(Write, 1, 512, 1 << 25, payload: data);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Read, 2, 512, 1 << 25);
        Assert.Equal((0u, 2UL), await client.ReceiveSimpleAsync());
        Assert.Equal(data, await client.ReceiveAsync(1 << 25));
        await client.RequestAsync(Write, 3, 0, uint.MaxValue);
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Contains("announced a payload of 4294967295 bytes", Assert.Single(fixture.Ends).Message, StringComparison.Ordinal);
        Assert.Equal(0, fixture.Server.PayloadBytes);
    }

    [Fact]
    public async Task Takes_ranges_of_nothing()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        foreach (var command in new[] { Read, Write, Trim, Cache, Zero })
        {
            await client.RequestAsync(command, command, Size, 0);
            Assert.Equal((0u, (ulong)command), await client.ReceiveSimpleAsync());
        }

        await AssertInStepAsync(client);
    }

    [Fact]
    public async Task Refuses_what_is_not_aligned()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size, new BlockDeviceTraits { BlockSizeMin = 512 }));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        foreach (var (offset, length) in new[] { (1UL, 512u), (512UL, 511u), (511UL, 1u) })
        {
            foreach (var command in new[] { Read, Trim, Zero, Cache })
            {
                await client.RequestAsync(command, 9, offset, length);
                Assert.Equal((EINVAL, 9UL), await client.ReceiveSimpleAsync());
            }

            await client.RequestAsync(Write, 9, offset, length, payload: new byte[length]);
            Assert.Equal((EINVAL, 9UL), await client.ReceiveSimpleAsync());
        }

        await AssertInStepAsync(client);
    }

    [Fact]
    public async Task Lets_nobody_write_to_what_is_read_only()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size, new BlockDeviceTraits { IsReadOnly = true }));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.RequestAsync(Write, 1, 0, 4096, payload: new byte[4096]);
        Assert.Equal((EPERM, 1UL), await client.ReceiveSimpleAsync());
        foreach (var command in new[] { Trim, Zero, Resize })
        {
            await client.RequestAsync(command, command, 0, 512);
            Assert.Equal((EPERM, (ulong)command), await client.ReceiveSimpleAsync());
        }

        await AssertInStepAsync(client);
    }

    [Fact]
    public async Task Accepts_fua_everywhere()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.RequestAsync(Write, 1, 0, 3, Fua, [1, 2, 3]);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Zero, 2, 0, 1, Fua | NoHole);
        Assert.Equal((0u, 2UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Flush, 3, 0, 0, Fua);
        Assert.Equal((0u, 3UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Read, 4, 0, 3, Fua);
        Assert.Equal((0u, 4UL), await client.ReceiveSimpleAsync());
        Assert.Equal([0, 2, 3], await client.ReceiveAsync(3));
    }

    [Fact]
    public async Task Answers_structured_with_texts_and_places()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isStructured: true);
        await client.RequestAsync(Read, 1, Size - 512, 1024);
        var chunk = await client.ReceiveChunkAsync();
        // ERROR_OFFSET, done: where the end is.
        Assert.Equal((0x8002, 1, EINVAL), (chunk.Type, chunk.Flags, chunk.Error));
        Assert.Equal((ulong)Size, BinaryPrimitives.ReadUInt64BigEndian(chunk.Body.AsSpan(^8..)));
        Assert.Contains("reach beyond the end", chunk.ErrorText, StringComparison.Ordinal);
        await client.RequestAsync(Read, 2, 0, uint.MaxValue);
        chunk = await client.ReceiveChunkAsync();
        Assert.Equal((0x8001, 1, EOVERFLOW), (chunk.Type, chunk.Flags, chunk.Error));
        await client.RequestAsync(Read, 3, 0, 0);
        chunk = await client.ReceiveChunkAsync();
        Assert.Equal((0, 1, 0), (chunk.Type, chunk.Flags, chunk.Body.Length));
        await client.RequestAsync(Read, 4, 4096, 512);
        chunk = await client.ReceiveChunkAsync();
        Assert.Equal((1, 1, 4096UL), (chunk.Type, chunk.Flags, BinaryPrimitives.ReadUInt64BigEndian(chunk.Body)));
        Assert.Equal(520, chunk.Body.Length);
    }

    [Fact]
    public async Task Sends_holes_as_holes_unless_told_not_to()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isStructured: true);
        var data = NbdClientTests.Noise(4, 1 << 16);
        await client.RequestAsync(Write, 1, 1 << 16, 1 << 16, payload: data);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Read, 2, 0, 3 << 16);
        var hole = await client.ReceiveChunkAsync();
        Assert.Equal((2, 0), (hole.Type, hole.Flags));
        Assert.Equal(RawNbdClient.Bytes(0UL, 1u << 16), hole.Body);
        var middle = await client.ReceiveChunkAsync();
        Assert.Equal((1, 0), (middle.Type, middle.Flags));
        Assert.Equal(data, middle.Body[8..]);
        hole = await client.ReceiveChunkAsync();
        Assert.Equal((2, 1), (hole.Type, hole.Flags));
        Assert.Equal(RawNbdClient.Bytes(2UL << 16, 1u << 16), hole.Body);
        await client.RequestAsync(Read, 3, 0, 3 << 16, DontFragment);
        var whole = await client.ReceiveChunkAsync();
        Assert.Equal((1, 1, (3 << 16) + 8), (whole.Type, whole.Flags, whole.Body.Length));
        Assert.Equal(data, whole.Body[(8 + (1 << 16))..^(1 << 16)]);
    }

    [Fact]
    public async Task Describes_one_extent_when_asked_for_one()
    {
        await using var fixture = new NbdFixture(new DirtyDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isStructured: true, contexts: ["base:allocation", "qemu:dirty-bitmap:b0"]);
        await client.RequestAsync(Status, 1, Size / 4, Size / 2);
        var allocation = await client.ReceiveChunkAsync();
        Assert.Equal((5, 0), (allocation.Type, allocation.Flags));
        Assert.Equal(RawNbdClient.Bytes(0u, (uint)Size / 2, 3u), allocation.Body);
        var dirty = await client.ReceiveChunkAsync();
        Assert.Equal((5, 1), (dirty.Type, dirty.Flags));
        Assert.Equal(RawNbdClient.Bytes(1u, (uint)Size / 4, 1u, (uint)Size / 2, 0u), dirty.Body);
        await client.RequestAsync(Status, 2, Size / 4, Size / 2, ReqOne);
        _ = await client.ReceiveChunkAsync();
        dirty = await client.ReceiveChunkAsync();
        Assert.Equal(RawNbdClient.Bytes(1u, (uint)Size / 4, 1u), dirty.Body);
        await client.RequestAsync(Status, 3, Size - 512, 1024);
        Assert.Equal(EINVAL, (await client.ReceiveChunkAsync()).Error);
        await client.RequestAsync(Status, 4, 0, 0);
        Assert.Equal(EINVAL, (await client.ReceiveChunkAsync()).Error);
    }

    [Fact]
    public async Task Speaks_extended_headers()
    {
        await using var fixture = new NbdFixture(new DirtyDevice(8L << 30));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isExtended: true, contexts: ["base:allocation", "qemu:dirty-bitmap:b0"]);
        await client.ExtendedRequestAsync(Write, 1, 512, 4, PayloadLen, [1, 2, 3, 4]);
        var reply = await client.ReceiveExtendedAsync();
        Assert.Equal((0, 1, 1UL, 512UL), (reply.Type, reply.Flags, reply.Cookie, reply.Offset));
        await client.ExtendedRequestAsync(Read, 2, 512, 4);
        reply = await client.ReceiveExtendedAsync();
        Assert.Equal(RawNbdClient.Bytes(512UL, new byte[] { 1, 2, 3, 4 }), reply.Body);
        // More than 32 bits at once.
        await client.ExtendedRequestAsync(Zero, 3, 0, 6UL << 30);
        Assert.Equal(0, (await client.ReceiveExtendedAsync()).Type);
        await client.ExtendedRequestAsync(Status, 4, 0, 8UL << 30);
        reply = await client.ReceiveExtendedAsync();
        Assert.Equal((6, 0), (reply.Type, reply.Flags));
        Assert.Equal(RawNbdClient.Bytes(0u, 1u, 8UL << 30, 3UL), reply.Body);
        reply = await client.ReceiveExtendedAsync();
        Assert.Equal((6, 1), (reply.Type, reply.Flags));
        Assert.Equal(RawNbdClient.Bytes(1u, 2u, 4UL << 30, 1UL, 4UL << 30, 0UL), reply.Body);
        // One context of the two.
        await client.ExtendedRequestAsync(Status, 5, 0, 12, PayloadLen, RawNbdClient.Bytes(1UL << 20, 1u));
        reply = await client.ReceiveExtendedAsync();
        Assert.Equal((6, 1), (reply.Type, reply.Flags));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32BigEndian(reply.Body));
    }

    [Theory]
    [InlineData(Write, 0, 512, new byte[0])] // a write without PAYLOAD_LEN
    [InlineData(Read, PayloadLen, 3, new byte[] { 1, 2, 3 })]
    [InlineData(Flush, PayloadLen, 1, new byte[] { 1 })]
    [InlineData(99, PayloadLen, 2, new byte[] { 1, 2 })]
    [InlineData(Status, PayloadLen, 4, new byte[] { 0, 0, 0, 1 })]
    [InlineData(Status, PayloadLen, 8, new byte[] { 0, 0, 0, 0, 0, 0, 2, 0 })]
    [InlineData(Status, PayloadLen, 12, new byte[] { 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 7 })]
    [InlineData(Status, PayloadLen, 16, new byte[] { 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(Status, PayloadLen, 12, new byte[] { 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public async Task Stays_in_step_with_extended_requests_that_are_wrong(int command, int flags, int length, byte[] payload)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isExtended: true, contexts: ["base:allocation"]);
        await client.ExtendedRequestAsync((ushort)command, 1, 0, (ulong)length, (ushort)flags, payload);
        var reply = await client.ReceiveExtendedAsync();
        Assert.Equal((EINVAL, 1UL, 1), (reply.Error, reply.Cookie, reply.Flags));
        await client.ExtendedRequestAsync(Flush, 2, 0, 0);
        Assert.Equal((0, 2UL), ((await client.ReceiveExtendedAsync()) is var flushed ? (flushed.Type, flushed.Cookie) : default));
    }

    [Fact]
    public async Task Resizes()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.RequestAsync(Resize, 1, 2 * Size, 0);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Write, 2, (2 * Size) - 1, 1, payload: [9]);
        Assert.Equal((0u, 2UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Resize, 3, Size, 0);
        Assert.Equal((0u, 3UL), await client.ReceiveSimpleAsync());
        await client.RequestAsync(Write, 4, Size, 1, payload: [9]);
        Assert.Equal((ENOSPC, 4UL), await client.ReceiveSimpleAsync());
    }

    [Fact]
    public async Task Translates_what_devices_say()
    {
        await using var fixture = new NbdFixture(new FailingDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync(isStructured: true);
        var cases = new[] { (BlockError.Io, EIO), (BlockError.ReadOnly, EPERM), (BlockError.OutOfRange, EINVAL), (BlockError.NoSpace, ENOSPC), (BlockError.NotSupported, EINVAL), (BlockError.Shutdown, 108u) };
        foreach (var (error, expected) in cases)
        {
            await client.RequestAsync(Trim, (ulong)error, (ulong)error, 1);
            var reply = await client.ReceiveChunkAsync();
            Assert.Equal((expected, (ulong)error), (reply.Error, reply.Cookie));
            // What the machine calls its files is not for clients.
            Assert.DoesNotContain("secret", reply.ErrorText, StringComparison.Ordinal);
        }

        // The one place for ENOTSUP.
        await client.RequestAsync(Zero, 1, 0, 512, FastZero);
        Assert.Equal(ENOTSUP, (await client.ReceiveChunkAsync()).Error);
        // A defect of a device is an error of one request.
        await client.RequestAsync(Cache, 2, 0, 512);
        Assert.Equal(EIO, (await client.ReceiveChunkAsync()).Error);
    }

    [Fact]
    public async Task Hangs_up_on_a_wrong_magic_and_finishes_what_was_right()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        await client.SendAsync(0x25609513u, (ushort)0, Write, 1UL, 0UL, 1u, new byte[] { 7 }, 0x12345678u, new byte[24]);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.AssertClosedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(27)]
    [InlineData(28)]
    [InlineData(1000)]
    public async Task Drops_what_is_cut_in_the_middle(int length)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using (var client = await fixture.ConnectRawAsync())
        {
            await client.OpenAsync();
            await client.SendBytesAsync(RawNbdClient.Bytes(0x25609513u, (ushort)0, Write, 1UL, 0UL, 4096u, new byte[4096]).AsMemory(0, length));
        }

        await fixture.StopAsync();
        Assert.Equal(0, fixture.Server.PayloadBytes);
    }

    [Fact]
    public async Task Answers_everything_before_a_goodbye()
    {
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        gate.Close();
        await client.RequestAsync(Write, 1, 0, 2, payload: [1, 2]);
        await client.RequestAsync(Write, 2, 2, 2, payload: [3, 4]);
        await client.RequestAsync(Disconnect, 3, 0, 0);
        await gate.WaitForAsync(2, Token);
        gate.ReleaseInReverse();
        var cookies = new[] { await client.ReceiveSimpleAsync(), await client.ReceiveSimpleAsync() }.Select(r => r.Cookie).Order();
        Assert.Equal([1UL, 2UL], cookies);
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Equal(Skep.Blocks.Nbd.NbdFailure.None, Assert.Single(fixture.Ends).Failure);
    }

    [Fact]
    public async Task Answers_out_of_order()
    {
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        gate.Close();
        await client.RequestAsync(Read, 1, 0, 512);
        await gate.WaitForAsync(1, Token);
        // Not held at the gate.
        await client.RequestAsync(Flush, 2, 0, 0);
        Assert.Equal((0u, 2UL), await client.ReceiveSimpleAsync());
        gate.ReleaseInReverse();
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        Assert.NotNull(await client.ReceiveAsync(512));
    }

    private static async Task AssertInStepAsync(RawNbdClient client)
    {
        await client.RequestAsync(Flush, 0xfeed, 0, 0);
        Assert.Equal((0u, 0xfeedUL), await client.ReceiveSimpleAsync());
    }
}
