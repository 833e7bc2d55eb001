using System.Net.Sockets;
using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;
using Skep.Testing;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>Clients that want too much, and the others beside them.</summary>
public sealed class NbdLimitTests
{
    private const int Size = 64 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sends_away_who_goes_on_with_options_without_end()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        for (var i = 0; i < 999; i++)
            Assert.Equal(0x80000001u, await client.AskAsync(1000));
        await client.SendOptionAsync(1000);
        await client.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Equal(NbdFailure.Handshake, Assert.Single(fixture.Ends).Failure);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(0)]
    public async Task Sends_away_whose_handshake_never_ends(int threads)
    {
        var clock = new TestClock();
        var ended = new TaskCompletionSource<NbdSessionEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new NbdServerOptions { ThreadsMax = threads, HandshakeTimeout = TimeSpan.FromSeconds(30), SessionEnded = ended.SetResult };
        await using var fixture = new NbdFixture(new MemoryDevice(Size), options, clock);
        using var client = await fixture.ConnectRawAsync();
        await client.GreetAsync();
        await client.SendAsync(RawNbdClient.OptionMagic, 7u, 1000u, "half of it");
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(ended.Task.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(2));
        await client.AssertClosedAsync();
        Assert.Equal(NbdFailure.Handshake, (await ended.Task.WaitAsync(Token)).Failure);
    }

    [Fact]
    public async Task Does_not_cut_a_quiet_client_that_finished_its_handshake()
    {
        var clock = new TestClock();
        await using var fixture = new NbdFixture(new MemoryDevice(Size), time: clock);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        // An answer says that the server knows of the end of the handshake too.
        await client.RequestAsync(3, 1, 0, 0);
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        clock.Advance(TimeSpan.FromDays(1));
        await client.RequestAsync(3, 2, 0, 0);
        Assert.Equal((0u, 2UL), await client.ReceiveSimpleAsync());
    }

    [Fact]
    public async Task Serves_a_thousand_connections_with_few_threads()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size), new NbdServerOptions { ThreadsMax = 8, ConnectionsMax = 1_000 });
        var clients = new List<RawNbdClient>();
        try
        {
            for (var i = 0; i < 1_000; i++)
            {
                var client = await fixture.ConnectRawAsync();
                clients.Add(client);
                await client.OpenAsync();
            }

            Assert.Equal(1_000, fixture.Server.ConnectionCount);
            using (var further = await fixture.ConnectRawAsync())
                await further.AssertClosedAsync();
            for (var i = 0; i < clients.Count; i++)
                await clients[i].RequestAsync(1, (ulong)i, (ulong)i * 512, 512, payload: NbdClientTests.Noise(i, 512));
            for (var i = 0; i < clients.Count; i++)
                Assert.Equal((0u, (ulong)i), await clients[i].ReceiveSimpleAsync());
            for (var i = clients.Count - 1; i >= 0; i--)
            {
                await clients[i].RequestAsync(0, 7, (ulong)i * 512, 512);
                Assert.Equal((0u, 7UL), await clients[i].ReceiveSimpleAsync());
                Assert.Equal(NbdClientTests.Noise(i, 512), await clients[i].ReceiveAsync(512));
            }
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(0)]
    public async Task Stops_reading_from_a_client_that_reads_nothing(int threads)
    {
        var device = new MemoryDevice(Size);
        var options = new NbdServerOptions { ThreadsMax = threads, RequestsPerConnectionMax = 16, PayloadPerConnectionMax = 4 << 20 };
        await using var fixture = new NbdFixture(device, options);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        // Much more than sockets hold: a server without limits would take all of it into memory.
        var requests = RawNbdClient.Bytes([.. Enumerable.Range(0, 2_000).SelectMany(i => new object[] { 0x25609513u, (ushort)0, (ushort)0, (ulong)i, 0UL, 1u << 20 })]);
        var sending = client.SendBytesAsync(requests);
        // Others are served meanwhile.
        await using (var other = await fixture.ConnectAsync())
        {
            for (var i = 0; i < 200; i++)
            {
                await other.WriteAsync(i * 4096, new byte[4096], isDurable: false, Token);
                Assert.InRange(fixture.Server.PayloadBytes, 0, 6 << 20);
            }
        }

        // Everything comes once it reads.
        for (var i = 0; i < 2_000; i++)
        {
            Assert.Equal((0u, (ulong)i), await client.ReceiveSimpleAsync());
            Assert.NotNull(await client.ReceiveAsync(1 << 20));
        }

        await sending;
    }

    [Theory]
    [InlineData(64)]
    [InlineData(0)]
    public async Task Goes_on_however_often_the_limits_of_its_connections_stop_it(int threads)
    {
        // Room for one request of three clients: each waits for its own limit and for memory, and is woken by its own replies and the others'.
        var options = new NbdServerOptions { ThreadsMax = threads, RequestsPerConnectionMax = 1, PayloadTotalMax = PayloadMemory.ReserveSize * 2 };
        await using var fixture = new NbdFixture(new YieldingDevice(Size), options);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            const int Count = 1_500;
            using var client = await fixture.ConnectRawAsync();
            await client.OpenAsync();
            var sending = client.SendBytesAsync(RawNbdClient.Bytes(
                [.. Enumerable.Range(0, Count).SelectMany(i => new object[] { 0x25609513u, (ushort)0, (ushort)0, (ulong)i, 0UL, PayloadMemory.ReserveSize + 1u })]));
            for (var i = 0UL; i < Count; i++)
            {
                Assert.Equal((0u, i), await client.ReceiveSimpleAsync());
                Assert.NotNull(await client.ReceiveAsync(PayloadMemory.ReserveSize + 1));
            }

            await sending;
        }));
    }

    [Fact]
    public async Task Shares_memory_when_it_is_short_and_cuts_who_sits_on_it()
    {
        var clock = new TestClock();
        var options = new NbdServerOptions { PayloadTotalMax = 8 << 20, StallTimeout = TimeSpan.FromSeconds(20) };
        await using var fixture = new NbdFixture(new MemoryDevice(Size), options, clock);
        // Announces 8 MiB and sends half of them: all the memory there is.
        using var sitter = await fixture.ConnectRawAsync();
        await sitter.OpenAsync();
        await sitter.SendBytesAsync(RawNbdClient.Bytes(0x25609513u, (ushort)0, (ushort)1, 1UL, 0UL, 7u << 20, new byte[4 << 20]));
        await using var other = await fixture.ConnectAsync();
        // Small requests are served beside the limit.
        for (var i = 0; i < 100; i++)
            await other.WriteAsync(0, new byte[64 << 10], isDurable: false, Token);
        var waiting = other.WriteAsync(0, new byte[4 << 20], isDurable: false, Token).AsTask();
        // The clock moves until the server has found out; each step lets it look once.
        while (!waiting.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        await waiting;
        await sitter.AssertClosedAsync();
        await fixture.StopAsync();
        Assert.Contains(fixture.Ends, e => e.Failure == NbdFailure.Stalled);
        Assert.Equal(0, fixture.Server.PayloadBytes);
    }

    [Fact]
    public async Task Takes_back_the_memory_of_clients_that_leave_with_requests_under_way()
    {
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate);
        gate.Close();
        using (var client = await fixture.ConnectRawAsync())
        {
            await client.OpenAsync();
            for (var i = 0UL; i < 10; i++)
                await client.RequestAsync(0, i, 0, 1 << 20);
            await gate.WaitForAsync(10, Token);
        }

        Assert.InRange(fixture.Server.PayloadBytes, 10 << 20, 11 << 20);
        gate.ReleaseInReverse();
        await fixture.StopAsync();
        Assert.Equal(0, fixture.Server.PayloadBytes);
    }

    [Fact]
    public async Task Finishes_what_is_under_way_when_it_ends_and_cuts_what_does_not_finish()
    {
        var clock = new TestClock();
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate, time: clock);
        using var client = await fixture.ConnectRawAsync();
        await client.OpenAsync();
        using var handshaking = await fixture.ConnectRawAsync();
        await handshaking.GreetAsync();
        gate.Close();
        await client.RequestAsync(1, 1, 0, 4, payload: [1, 2, 3, 4]);
        await gate.WaitForAsync(1, Token);
        var stopping = fixture.StopAsync();
        await handshaking.AssertClosedAsync();
        Assert.False(stopping.IsCompleted);
        gate.ReleaseInReverse();
        Assert.Equal((0u, 1UL), await client.ReceiveSimpleAsync());
        await client.AssertClosedAsync();
        await stopping;
        Assert.False(File.Exists(fixture.SocketPath));
    }

    [Fact]
    public async Task Replaces_a_socket_that_nobody_listens_on_and_no_other()
    {
        var directory = Directory.CreateTempSubdirectory("nbd").FullName;
        var path = Path.Combine(directory, "s");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            // As a killed process leaves it: bound, and nobody listens.
            await using var first = new NbdServer(new NbdExportTable(new NbdExport("a", new MemoryDevice(1))), new NbdServerOptions(), TimeProvider.System);
            first.BindUnix(path);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            await using var second = new NbdServer(new NbdExportTable(new NbdExport("a", new MemoryDevice(1))), new NbdServerOptions(), TimeProvider.System);
            var failure = Assert.Throws<IOException>(() => second.BindUnix(path));
            Assert.Contains("another server does", failure.Message, StringComparison.Ordinal);
        }

        var file = Path.Combine(directory, "precious");
        await File.WriteAllTextAsync(file, "kept", Token);
        await using var third = new NbdServer(new NbdExportTable(new NbdExport("a", new MemoryDevice(1))), new NbdServerOptions(), TimeProvider.System);
        Assert.Throws<IOException>(() => third.BindUnix(file));
        Assert.Equal("kept", await File.ReadAllTextAsync(file, Token));
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A disk whose reads end on another thread.</summary>
    private sealed class YieldingDevice(long sizeBytes) : WrappedDevice(sizeBytes)
    {
        public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
        {
            await Task.Yield();
            await base.ReadAsync(offset, destination, ct);
        }
    }
}
