using System.Runtime.InteropServices;
using Skep.Blocks.Devices;

namespace Skep.Blocks.Tests.Devices;

public sealed partial class FileDeviceTests : IDisposable
{
    private const int Size = 8 << 20;

    private readonly string _path = Path.GetTempFileName();
    private readonly IoWorkers _workers = new(threadsMax: 4);

    public FileDeviceTests() => Resize(_path, Size);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _workers.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Behaves_like_a_byte_array(int seed)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new byte[Size];
        await using (var device = FileDevice.Open(_path, isReadOnly: false, _workers))
        {
            for (var step = 0; step < 500; step++)
            {
                var offset = random.Next(Size);
                var length = random.Next(1, Math.Min(600_000, Size - offset + 1));
                switch (random.Next(6))
                {
                    case 0 or 1:
                        var data = new byte[length];
                        random.NextBytes(data);
                        data.CopyTo(model, offset);
                        await device.WriteAsync(offset, data, isDurable: random.Next(10) == 0, Token);
                        break;
                    case 2:
                        model.AsSpan(offset, length).Clear();
                        await device.WriteZeroesAsync(offset, length, random.Next(2) == 0 ? ZeroOptions.KeepAllocated : ZeroOptions.None, Token);
                        break;
                    case 3:
                        model.AsSpan(offset, length).Clear();
                        await device.TrimAsync(offset, length, isDurable: false, Token);
                        break;
                    case 4:
                        await AssertZeroExtentsAsync(device, model, offset, length);
                        break;
                    default:
                        var back = new byte[length];
                        await device.ReadAsync(offset, back, Token);
                        Assert.True(back.AsSpan().SequenceEqual(model.AsSpan(offset, length)), $"step {step}: {length} bytes at {offset}");
                        break;
                }
            }

            await device.FlushAsync(Token);
        }

        var written = await File.ReadAllBytesAsync(_path, Token);
        Assert.True(model.AsSpan().SequenceEqual(written));
    }

    [Fact]
    public async Task Serves_calls_that_overlap()
    {
        await using var device = FileDevice.Open(_path, isReadOnly: false, _workers);
        // Longer than what is written inline, so that all go through the workers.
        var blocks = Enumerable.Range(0, 8).Select(i => Enumerable.Repeat((byte)(i + 1), 1 << 20).ToArray()).ToList();
        await Task.WhenAll(blocks.Select((b, i) => device.WriteAsync(i << 20, b, isDurable: true, Token).AsTask()).Append(device.FlushAsync(Token).AsTask()));
        var backs = blocks.Select(b => new byte[b.Length]).ToList();
        await Task.WhenAll(backs.Select((b, i) => device.ReadAsync(i << 20, b, Token).AsTask()));
        Assert.Equal(blocks, backs);
    }

    [Fact]
    public async Task Reads_and_writes_in_memory_without_waiting()
    {
        const string Directory = "/dev/shm";
        Assert.SkipUnless(System.IO.Directory.Exists(Directory), $"there is no {Directory}");
        var path = Path.Combine(Directory, $"skep-file-device-{Environment.ProcessId}");
        await File.WriteAllBytesAsync(path, new byte[1 << 20], Token);
        await using (var device = FileDevice.Open(path, isReadOnly: false, _workers))
        {
            var data = Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray();
            await device.WriteAsync(12_345, data, isDurable: false, Token);
            var back = new byte[data.Length];
            var read = device.ReadAsync(12_345, back, Token);
            Assert.True(read.IsCompletedSuccessfully);
            await read;
            Assert.Equal(data, back);
        }

        File.Delete(path);
    }

    [Fact]
    public async Task Resizes_and_reads_zeroes_where_it_grew()
    {
        await using var device = FileDevice.Open(_path, isReadOnly: false, _workers);
        await device.WriteAsync(Size - 10, Enumerable.Repeat((byte)9, 10).ToArray(), isDurable: false, Token);
        await device.ResizeAsync(Size - 5, Token);
        await device.ResizeAsync(Size + 4096, Token);
        Assert.Equal(Size + 4096, device.SizeBytes);
        var back = new byte[4106];
        await device.ReadAsync(Size - 10, back, Token);
        Assert.Equal([9, 9, 9, 9, 9], back[..5]);
        Assert.All(back[5..], b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task Belongs_to_one_writer_or_to_readers()
    {
        await using (FileDevice.Open(_path, isReadOnly: false, _workers))
        {
            Assert.Throws<IOException>(() => FileDevice.Open(_path, isReadOnly: false, _workers));
            Assert.Throws<IOException>(() => FileDevice.Open(_path, isReadOnly: true, _workers));
        }

        await using var first = FileDevice.Open(_path, isReadOnly: true, _workers);
        await using var second = FileDevice.Open(_path, isReadOnly: true, _workers);
        Assert.True(second.Traits is { IsReadOnly: true, CanTrim: false, CanResize: false });
        await second.ReadAsync(0, new byte[512], Token);
        await second.FlushAsync(Token);
    }

    [Fact]
    public async Task Says_that_the_file_was_cut_behind_its_back()
    {
        await using var device = FileDevice.Open(_path, isReadOnly: false, _workers);
        Resize(_path, 4096);
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.ReadAsync(0, new byte[8192], Token));
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains("somebody cut it", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>What is said to be zero is; the extents follow each other.</summary>
    private static async Task AssertZeroExtentsAsync(FileDevice device, byte[] model, int offset, int length)
    {
        var extents = new BlockExtent[8];
        var count = await device.DescribeAsync(offset, length, extents, Token);
        Assert.InRange(count, 1, extents.Length);
        long at = offset;
        foreach (var extent in extents[..count])
        {
            Assert.True(at < offset + length && extent.LengthBytes > 0 && at + extent.LengthBytes <= Size);
            if (extent.IsZero)
                Assert.False(model.AsSpan((int)at, (int)extent.LengthBytes).ContainsAnyExcept((byte)0), $"{extent} at {at}");
            at += extent.LengthBytes;
        }
    }

    /// <summary>As another program would: past every lock.</summary>
    private static void Resize(string path, long length) => Assert.Equal(0, Truncate(path, length));

    [LibraryImport("libc", EntryPoint = "truncate", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Truncate(string path, long length);
}
