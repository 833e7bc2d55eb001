using System.Net.Sockets;
using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Devices;

public sealed class FailingDeviceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_gets_an_error_to_every_request_and_can_ask_on()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("skep-failing-").FullName, "s");
        await using var device = new FailingDevice(1 << 20);
        await using var server = new NbdServer(new NbdExportTable([new NbdExport("disk", device)]), new NbdServerOptions(), TimeProvider.System);
        server.BindUnix(path);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var running = server.RunAsync(stop.Token);
        await using (var client = await NbdClient.ConnectAsync(new NbdClientOptions { EndPoint = new UnixDomainSocketEndPoint(path), ExportName = "disk" }, TimeProvider.System, Ct))
        {
            Assert.Equal(1 << 20, client.SizeBytes);
            var block = new byte[4096];
            foreach (var request in (Func<ValueTask>[])[
                () => client.ReadAsync(0, block, Ct), () => client.WriteAsync(0, block, isDurable: false, Ct), () => client.FlushAsync(Ct), () => client.ReadAsync(4096, block, Ct)])
                Assert.Equal(BlockError.Io, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await request())).Error);
        }

        await stop.CancelAsync();
        await running;
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }
}
