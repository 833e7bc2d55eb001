using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

public sealed class NbdClientTests
{
    private const long Size = 64L << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<bool, bool> Headers => new() { { true, true }, { false, true }, { false, false } };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task Reads_back_what_it_wrote(bool isExtended, bool isStructured)
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        await using var client = await fixture.ConnectAsync(fixture.ClientOptions with { OffersExtendedHeaders = isExtended, OffersStructuredReplies = isStructured });
        Assert.Equal(Size, client.SizeBytes);
        Assert.Equal(isExtended, client.IsExtended);
        // From less than a header to more than one payload.
        foreach (var (offset, length) in new[] { (0, 1), (511, 513), (4096, 4096), (65_535, 200_001), (1 << 20, 33 << 20) })
        {
            var data = Noise(offset + length, length);
            await client.WriteAsync(offset, data, isDurable: length % 2 == 0, Token);
            var back = new byte[length];
            await client.ReadAsync(offset, back, Token);
            Assert.Equal(data, back);
        }

        await client.FlushAsync(Token);
        await client.WriteZeroesAsync(4096, 1024, ZeroOptions.None, Token);
        await client.TrimAsync(1 << 20, 1 << 20, isDurable: true, Token);
        await client.CacheAsync(0, Size, Token);
        var zeroes = new byte[1024];
        await client.ReadAsync(4096, zeroes, Token);
        Assert.All(zeroes, b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Describes_allocation_and_further_contexts(bool isExtended)
    {
        await using var fixture = new NbdFixture(new DirtyDevice(Size));
        await using var client = await fixture.ConnectAsync(fixture.ClientOptions with
        {
            OffersExtendedHeaders = isExtended,
            MetaContexts = ["base:allocation", "qemu:dirty-bitmap:b0", "qemu:dirty-bitmap:absent"],
        });
        Assert.Equal(["base:allocation", "qemu:dirty-bitmap:b0"], client.MetaContexts);
        await client.WriteAsync(1 << 20, Noise(1, 1 << 20), isDurable: false, Token);
        var extents = new NbdExtent[10];
        Assert.Equal(3, await client.DescribeAsync("base:allocation", 0, Size, extents, Token));
        Assert.Equal([new NbdExtent(1 << 20, 3), new NbdExtent(1 << 20, 0), new NbdExtent(Size - (2 << 20), 3)], extents[..3]);
        Assert.Equal(2, await client.DescribeAsync("qemu:dirty-bitmap:b0", 0, Size, extents, Token));
        Assert.Equal([new NbdExtent(Size / 2, 1), new NbdExtent(Size / 2, 0)], extents[..2]);
        // Room for one: no longer than what was asked.
        Assert.Equal(1, await client.DescribeAsync("base:allocation", 4096, 8192, extents.AsMemory(0, 1), Token));
        Assert.Equal(new NbdExtent(8192, 3), extents[0]);
        await Assert.ThrowsAsync<ArgumentException>(async () => await client.DescribeAsync("qemu:dirty-bitmap:absent", 0, 1, extents, Token));
    }

    [Fact]
    public async Task Fills_a_sparse_read_whose_holes_are_not_sent()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        await using var client = await fixture.ConnectAsync(fixture.ClientOptions with { MetaContexts = ["base:allocation"] });
        var expected = new byte[4 << 20];
        foreach (var start in new[] { 0, 128 << 10, (1 << 20) + 70_000 })
        {
            var data = Noise(start, 50_000);
            data.CopyTo(expected, start);
            await client.WriteAsync(start, data, isDurable: false, Token);
        }

        var back = Noise(9, expected.Length);
        await client.ReadAsync(0, back, Token);
        Assert.Equal(expected, back);
        back = Noise(10, 1 << 20);
        await client.ReadAsync(32 << 20, back, Token);
        Assert.Equal(new byte[1 << 20], back);
    }

    [Fact]
    public async Task Has_many_requests_under_way_at_once()
    {
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate);
        await using var client = await fixture.ConnectAsync();
        gate.Close();
        var reads = Enumerable.Range(0, 40).Select(i => (Buffer: new byte[4096], Offset: i * 4096L)).ToList();
        foreach (var (_, offset) in reads)
            await gate.Inner.WriteAsync(offset, Enumerable.Repeat((byte)(offset / 4096), 4096).ToArray(), isDurable: false, Token);
        var tasks = reads.Select(r => client.ReadAsync(r.Offset, r.Buffer, Token).AsTask()).ToList();
        await gate.WaitForAsync(40, Token);
        // The last one first.
        gate.ReleaseInReverse();
        await Task.WhenAll(tasks);
        Assert.All(reads, r => Assert.All(r.Buffer, b => Assert.Equal((byte)(r.Offset / 4096), b)));
    }

    [Fact]
    public async Task Leaves_the_memory_of_a_call_alone_that_was_cancelled()
    {
        var gate = new GatedDevice(Size);
        await gate.Inner.WriteAsync(0, Noise(1, 4096), isDurable: false, Token);
        await using var fixture = new NbdFixture(gate);
        await using var client = await fixture.ConnectAsync();
        gate.Close();
        using var cancel = new CancellationTokenSource();
        var buffer = new byte[4096];
        var read = client.ReadAsync(0, buffer, cancel.Token).AsTask();
        await gate.WaitForAsync(1, Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        gate.ReleaseInReverse();
        var second = new byte[4096];
        await client.ReadAsync(0, second, Token);
        Assert.Equal(Noise(1, 4096), second);
        Assert.Equal(new byte[4096], buffer);
    }

    [Fact]
    public async Task Says_why_the_server_refused()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size, new BlockDeviceTraits { IsReadOnly = true }));
        await using var client = await fixture.ConnectAsync();
        Assert.True(client.IsReadOnly);
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await client.WriteAsync(0, new byte[512], isDurable: false, Token));
        Assert.Equal(BlockError.ReadOnly, failure.Error);
        Assert.Contains("EPERM: the export is read-only", failure.Message, StringComparison.Ordinal);
        failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await client.ReadAsync(Size - 10, new byte[20], Token));
        Assert.Equal(BlockError.OutOfRange, failure.Error);
        await client.ReadAsync(Size - 10, new byte[10], Token);
    }

    [Fact]
    public async Task Fails_what_waits_when_the_connection_breaks()
    {
        var gate = new GatedDevice(Size);
        await using var fixture = new NbdFixture(gate, new NbdServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(1) });
        await using var client = await fixture.ConnectAsync();
        gate.Close();
        var read = client.ReadAsync(0, new byte[4096], Token).AsTask();
        await gate.WaitForAsync(1, Token);
        var stopping = fixture.StopAsync();
        await Assert.ThrowsAsync<NbdException>(() => read);
        await Assert.ThrowsAsync<NbdException>(async () => await client.FlushAsync(Token));
        gate.ReleaseInReverse();
        await stopping;
    }

    [Fact]
    public async Task Tells_missing_exports_and_missing_servers_apart()
    {
        await using var fixture = new NbdFixture(new MemoryDevice(Size));
        var failure = await Assert.ThrowsAsync<NbdException>(() => fixture.ConnectAsync(fixture.ClientOptions with { ExportName = "absent" }));
        Assert.Equal(NbdFailure.Export, failure.Failure);
        Assert.Contains("there is no export \"absent\"", failure.Message, StringComparison.Ordinal);
        await fixture.StopAsync();
        failure = await Assert.ThrowsAsync<NbdException>(() => fixture.ConnectAsync());
        Assert.Equal(NbdFailure.Disconnected, failure.Failure);
    }

    [Fact]
    public async Task Lists_exports()
    {
        await using var fixture = new NbdFixture(new NbdExportTable(new NbdExport("a", new MemoryDevice(1)) { Description = "first" }, new NbdExport("b ü", new MemoryDevice(2))));
        Assert.Equal([new NbdExportName("a", "first"), new NbdExportName("b ü", "")], await NbdClient.ListAsync(fixture.ClientOptions, TimeProvider.System, Token));
        await using var second = await fixture.ConnectAsync(fixture.ClientOptions with { ExportName = "b ü" });
        Assert.Equal(2, second.SizeBytes);
    }

    [Fact]
    public async Task Is_a_device()
    {
        await using var fixture = new NbdFixture(new DirtyDevice(Size));
        await using var device = new NbdClientDevice(await fixture.ConnectAsync(fixture.ClientOptions with { MetaContexts = ["base:allocation", "qemu:dirty-bitmap:b0"] }));
        Assert.Equal(["qemu:dirty-bitmap:b0"], device.ContextNames);
        await device.WriteAsync(0, Noise(3, 70_000), isDurable: true, Token);
        await device.TrimAsync(0, 65_536, isDurable: false, Token);
        var extents = new BlockExtent[4];
        Assert.Equal(3, await device.DescribeAsync(0, Size, extents, Token));
        Assert.Equal(new BlockExtent(65_536, IsHole: true, IsZero: true), extents[0]);
        Assert.Equal(new BlockExtent(65_536, IsHole: false, IsZero: false), extents[1]);
        await device.ResizeAsync(2 * Size, Token);
        Assert.Equal(2 * Size, device.SizeBytes);
        await device.ReadAsync(Size, new byte[512], Token);
        await fixture.StopAsync();
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.FlushAsync(Token));
        Assert.Equal(BlockError.Io, failure.Error);
    }

    internal static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
