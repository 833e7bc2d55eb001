using System.Diagnostics;
using System.Net.Sockets;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>Our client against other people's servers.</summary>
public sealed class NbdClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reads_the_dirty_bitmap_of_a_qemu_disk()
    {
        Tool.Require("qemu-nbd", "qemu-img", "qemu-io");
        using var disks = new DiskFixture();
        var disk = disks.Path("d.qcow2");
        await Tool.RunAsync("qemu-img", "create", "-f", "qcow2", disk, "16M");
        await Tool.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 1 0 1M", disk);
        await Tool.RunAsync("qemu-img", "bitmap", "--add", "-g", "64k", disk, "b0");
        await Tool.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 2 4M 128k", disk);
        await using var server = await PeerServer.StartAsync(disks.Path("s"), "qemu-nbd", "-t", "-r", "-f", "qcow2", "-B", "b0", "-k", disks.Path("s"), disk);
        await using var device = new NbdClientDevice(await ConnectAsync(disks, "base:allocation", "qemu:dirty-bitmap:b0"));
        Assert.Equal(["qemu:dirty-bitmap:b0"], device.ContextNames);
        var extents = new NbdExtent[16];
        var count = await device.DescribeContextAsync(0, 0, 16 << 20, extents, Token);
        Assert.Equal([new NbdExtent(4 << 20, 0), new NbdExtent(128 << 10, 1), new NbdExtent((12 << 20) - (128 << 10), 0)], extents[..count]);
        var data = new byte[5 << 20];
        await device.ReadAsync(0, data, Token);
        Assert.Equal(2, data[4 << 20]);
        Assert.All(data[..(1 << 20)], b => Assert.Equal(1, b));
        Assert.Equal(0, data[2 << 20]);
    }

    [Fact]
    public async Task Writes_to_nbdkit()
    {
        Tool.Require("nbdkit");
        using var disks = new DiskFixture();
        var disk = disks.MakeEmpty("d.img", 64 << 20);
        await using var server = await PeerServer.StartAsync(disks.Path("s"), "nbdkit", "-f", "-U", disks.Path("s"), "file", disk);
        await using var device = new NbdClientDevice(await ConnectAsync(disks, "base:allocation"));
        Assert.Equal(64 << 20, device.SizeBytes);
        var data = new byte[3_000_000];
        new Random(7).NextBytes(data);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => device.WriteAsync(i * 4_000_000L, data, isDurable: i % 2 == 0, Token).AsTask()));
        await device.WriteZeroesAsync(0, 1 << 20, ZeroOptions.None, Token);
        await device.FlushAsync(Token);
        var extents = new BlockExtent[8];
        Assert.InRange(await device.DescribeAsync(0, 64 << 20, extents, Token), 2, 8);
        Assert.Equal(new BlockExtent(1 << 20, IsHole: true, IsZero: true), extents[0]);
        var back = new byte[3_000_000];
        await device.ReadAsync(36_000_000, back, Token);
        Assert.Equal(data, back);
    }

    private static Task<NbdClient> ConnectAsync(DiskFixture disks, params string[] contexts) => NbdClient.ConnectAsync(
        new NbdClientOptions { EndPoint = new UnixDomainSocketEndPoint(disks.Path("s")), MetaContexts = contexts }, TimeProvider.System, Token);

    /// <summary>Another server as a process.</summary>
    private sealed class PeerServer(Process process) : IAsyncDisposable
    {
        private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(20);

        /// <summary>Starts it and waits until it listens.</summary>
        public static async Task<PeerServer> StartAsync(string socketPath, string name, params string[] arguments)
        {
            var server = new PeerServer(Process.Start(new ProcessStartInfo(name, arguments))!);
            using var timer = new PeriodicTimer(_pollPeriod, TimeProvider.System);
            while (!await AnswersAsync(socketPath))
            {
                Assert.False(server.HasExited, $"{name} did not start");
                await timer.WaitForNextTickAsync(Token);
            }

            return server;
        }

        private bool HasExited => process.HasExited;

        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        private static async Task<bool> AnswersAsync(string socketPath)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), Token);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }
}
