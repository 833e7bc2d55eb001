using System.Buffers.Binary;
using System.Net.Sockets;
using Skep.Blocks.Devices;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>What a request costs the collector: nothing. Alone in the process while it counts.</summary>
[Collection(nameof(Alone))]
public sealed class NbdAllocationTests
{
    private const int RequestCount = 10_000;
    private const int BlockSize = 4096;

    /// <summary>Far less than one object a request, and more than a runtime's own housekeeping.</summary>
    private const long AllocatedBytesMax = 64 << 10;

    public static TheoryData<string, int> Devices => new() { { "memory", 1 }, { "memory", 16 }, { "file", 1 }, { "file", 16 } };

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task Requests_allocate_nothing(string kind, int depth)
    {
        var path = Path.GetTempFileName();
        using var workers = new IoWorkers();
        await File.WriteAllBytesAsync(path, new byte[1 << 20], TestContext.Current.CancellationToken);
        await using IBlockDevice device = kind == "memory" ? new MemoryDevice(1 << 20) : FileDevice.Open(path, isReadOnly: false, workers);
        await using (var fixture = new NbdFixture(device))
        {
            using var socket = Open(fixture.SocketPath);
            // Everything is built and every pool is filled.
            Exchange(socket, depth, RequestCount / 5);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Exchange(socket, depth, RequestCount);
            var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            Assert.InRange(allocated, 0, AllocatedBytesMax);
        }

        File.Delete(path);
    }

    /// <summary>A socket on which nothing was ever asynchronous: such a one allocates when it has to wait.</summary>
    private static Socket Open(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        Receive(socket, 18);
        socket.Send(RawNbdClient.Bytes(3u, RawNbdClient.OptionMagic, 1u, 0u));
        Receive(socket, 10);
        return socket;
    }

    private static void Receive(Socket socket, int length)
    {
        Span<byte> bytes = stackalloc byte[16 + BlockSize];
        while (length > 0)
            length -= socket.Receive(bytes[..Math.Min(length, bytes.Length)]);
    }

    /// <summary>Writes, reads and flushes in turn, so many at once.</summary>
    private static void Exchange(Socket socket, int depth, int count)
    {
        Span<byte> request = stackalloc byte[28 + BlockSize];
        for (var done = 0; done < count; done += depth)
        {
            var expected = 0;
            for (var i = 0; i < depth; i++)
            {
                var command = (ushort)((done + i) % 10 == 9 ? 3 : (done + i) % 2);
                BinaryPrimitives.WriteUInt32BigEndian(request, 0x25609513);
                BinaryPrimitives.WriteUInt16BigEndian(request[6..], command);
                BinaryPrimitives.WriteInt64BigEndian(request[16..], command == 3 ? 0 : (done + i) % 256 * BlockSize);
                BinaryPrimitives.WriteInt32BigEndian(request[24..], command == 3 ? 0 : BlockSize);
                var size = command == 1 ? 28 + BlockSize : 28;
                for (var sent = 0; sent < size;)
                    sent += socket.Send(request[sent..size]);
                expected += command == 0 ? 16 + BlockSize : 16;
            }

            Receive(socket, expected);
        }
    }
}

/// <summary>Tests that measure the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
