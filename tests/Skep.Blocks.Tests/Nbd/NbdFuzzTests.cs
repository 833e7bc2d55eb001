using System.Net.Sockets;
using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>Clients that send anything at all, beside one that behaves and is checked.</summary>
public sealed class NbdFuzzTests(ITestOutputHelper output)
{
    private const int Size = 8 << 20;
    private const int Half = Size / 2;
    private const int ClientCount = 150;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 2)]
    [InlineData(3, 0)]
    public async Task Survives_anything_and_serves_the_others(int seed, int threads)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var options = new NbdServerOptions { ThreadsMax = threads, PayloadTotalMax = 64 << 20 };
        await using var fixture = new NbdFixture(new MemoryDevice(Size, new BlockDeviceTraits { CanResize = false }), options);
        using var stop = new CancellationTokenSource();
        var good = BehaveAsync(fixture, new Random(seed + 1000), stop.Token);
        for (var i = 0; i < ClientCount && !good.IsCompleted; i++)
        {
            using var client = await fixture.ConnectRawAsync();
            try
            {
                await MisbehaveAsync(client, random);
            }
            catch (Exception ex) when (ex is SocketException or EndOfStreamException)
            {
                // It was sent away, or left because neither side took more: it does not read while it sends.
            }
        }

        await stop.CancelAsync();
        Assert.True(await good > 0);
        await fixture.StopAsync();
        Assert.Equal(0, fixture.Server.PayloadBytes);
        Assert.DoesNotContain(fixture.Ends, e => e.Failure == NbdFailure.Internal);
    }

    /// <summary>Writes to its half and reads back what it wrote.</summary>
    private static async Task<int> BehaveAsync(NbdFixture fixture, Random random, CancellationToken stop)
    {
        await using var client = await fixture.ConnectAsync(fixture.ClientOptions with { MetaContexts = ["base:allocation"] });
        var model = new byte[Half];
        var rounds = 0;
        do
        {
            var offset = random.Next(Half);
            var data = new byte[Math.Min(random.Next(1, 100_000), Half - offset)];
            random.NextBytes(data);
            data.CopyTo(model, offset);
            await client.WriteAsync(Half + offset, data, isDurable: false, Token);
            var start = random.Next(Half - 1);
            var back = new byte[random.Next(1, Half - start)];
            await client.ReadAsync(Half + start, back, Token);
            Assert.True(back.AsSpan().SequenceEqual(model.AsSpan(start, back.Length)), $"round {rounds}: {back.Length} bytes at {start} are not what was written");
            rounds++;
        }
        while (!stop.IsCancellationRequested);
        return rounds;
    }

    private static async Task MisbehaveAsync(RawNbdClient client, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                // From the first byte.
                await client.SendBytesAsync(Garbage(random, 3_000));
                break;
            case 1:
                await client.GreetAsync();
                for (var i = random.Next(20); i >= 0; i--)
                    await client.SendBytesAsync(Option(random));
                break;
            default:
                await client.OpenAsync(isStructured: random.Next(2) == 0, isExtended: random.Next(2) == 0);
                for (var i = random.Next(200); i >= 0; i--)
                    Send(client, Request(random));
                break;
        }

        if (random.Next(2) == 0)
            await DrainAsync(client, random);
    }

    /// <summary>
    /// Sends without waiting for room: the server stops reading from a client that does not take its replies, and would have
    /// this one wait for ever.
    /// </summary>
    private static void Send(RawNbdClient client, byte[] bytes)
    {
        client.Socket.Blocking = false;
        for (var sent = 0; sent < bytes.Length;)
            sent += client.Socket.Send(bytes.AsSpan(sent));
    }

    private static async Task DrainAsync(RawNbdClient client, Random random)
    {
        client.Socket.Shutdown(SocketShutdown.Send);
        var bytes = new byte[random.Next(1, 100_000)];
        while (await client.Socket.ReceiveAsync(bytes, Token) > 0)
        {
        }
    }

    private static byte[] Option(Random random)
    {
        var data = Garbage(random, 300);
        var option = random.Next(5) == 0 ? (uint)random.Next() : (uint)random.Next(13);
        var length = random.Next(10) == 0 ? (uint)random.Next() : (uint)data.Length;
        return random.Next(20) == 0 ? data : RawNbdClient.Bytes(RawNbdClient.OptionMagic, option, length, data);
    }

    /// <summary>Mostly a request, with numbers from the places where errors live; writes stay in the first half.</summary>
    private static byte[] Request(Random random)
    {
        if (random.Next(100) == 0)
            return Garbage(random, 100);
        var command = (ushort)(random.Next(10) == 0 ? random.Next(65536) : random.Next(8));
        var flags = (ushort)(random.Next(3) == 0 ? random.Next(65536) : 0);
        var isExtended = random.Next(2) == 0;
        var isChanging = command is 1 or 4 or 6;
        var offset = random.Next(6) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => ulong.MaxValue - (ulong)random.Next(4096),
            2 => (ulong)Size - (ulong)random.Next(0, isChanging ? 1 : 4096),
            _ => (ulong)random.Next(Half / 2),
        };
        var length = random.Next(8) switch
        {
            0 => isChanging ? 0 : uint.MaxValue - (uint)random.Next(10),
            1 => 0u,
            2 when command != 1 => (uint)random.Next(Half / 2),
            _ => (uint)random.Next(20_000),
        };
        var payload = command == 1 || (isExtended && (flags & 32) != 0) ? new byte[Math.Min(length, 20_000)] : [];
        return isExtended
            ? RawNbdClient.Bytes(0x21e41c71u, flags, command, (ulong)random.NextInt64(), offset, (ulong)length, payload)
            : RawNbdClient.Bytes(0x25609513u, flags, command, (ulong)random.NextInt64(), offset, length, payload);
    }

    private static byte[] Garbage(Random random, int lengthMax)
    {
        var bytes = new byte[random.Next(lengthMax)];
        random.NextBytes(bytes);
        return bytes;
    }
}
