using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Tests.Log.Replication;

public sealed class ReplicaFrameTests
{
    [Fact]
    public void A_frame_comes_whole_or_not_at_all()
    {
        byte[] bytes = Frame(ReplicaFrameKind.Record, 77, VolumeWorld.Pattern(1, 1000));
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(ReplicaFrame.TryRead(bytes.AsSpan(0, length), out _));
        Assert.True(ReplicaFrame.TryRead(bytes, out var frame));
        Assert.Equal(new ReplicaFrame(ReplicaFrameKind.Record, 77, 1000), frame);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        byte[] bytes = Frame(ReplicaFrameKind.Flush, 5, VolumeWorld.Pattern(2, 40));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            bool isTaken;
            try
            {
                // A longer payload has not come yet, and never will.
                isTaken = ReplicaFrame.TryRead(bytes, out _);
            }
            catch (ReplicaException)
            {
                isTaken = false;
            }
            Assert.False(isTaken, $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public async Task Frames_are_found_however_they_are_cut()
    {
        var random = new Random(3);
        var stream = new MemoryStream();
        for (int i = 0; i < 50; i++)
            stream.Write(Frame(ReplicaFrameKind.Record, (ulong)i, VolumeWorld.Pattern(i, random.Next(200_000))));
        using var reader = new FrameReader(new CutStream(stream.ToArray(), random));
        random = new Random(3);
        for (int i = 0; i < 50; i++)
        {
            var frame = await reader.ReadAsync(ReplicaFrameKind.Record, VolumeWorld.Ct);
            Assert.Equal((ulong)i, frame.Number);
            Assert.Equal(VolumeWorld.Pattern(i, frame.PayloadBytes), reader.Payload.ToArray());
        }
        Assert.Null(await reader.ReadAsync(VolumeWorld.Ct));
    }

    [Theory]
    [InlineData("tls://keeper.example:9120", "keeper.example", 9120)]
    [InlineData("tls://[2001:db8::7]:9120", "2001:db8::7", 9120)]
    [InlineData("tcp://127.0.0.1:9120", "127.0.0.1", 9120)]
    [InlineData("unix:/run/r.sock", "/run/r.sock", 0)]
    public void Addresses_are_read(string text, string host, int port)
    {
        var address = ReplicaAddress.TryParse(text, out var problem);
        Assert.Null(problem);
        Assert.Equal((host, port), (address!.Host, address.Port));
    }

    [Theory]
    [InlineData("tcp://10.0.0.7:9120")]
    [InlineData("tcp://keeper.example:9120")]
    [InlineData("tls://keeper.example")]
    [InlineData("http://keeper.example:80")]
    [InlineData("unix:")]
    public void What_would_go_over_a_network_in_the_clear_is_refused(string text)
    {
        Assert.Null(ReplicaAddress.TryParse(text, out var problem));
        Assert.NotNull(problem);
    }

    private static byte[] Frame(ReplicaFrameKind kind, ulong number, byte[] payload)
    {
        byte[] bytes = new byte[ReplicaFrame.HeaderBytes + payload.Length];
        payload.CopyTo(bytes, ReplicaFrame.HeaderBytes);
        new ReplicaFrame(kind, number, payload.Length).Seal(bytes);
        return bytes;
    }

    private sealed class CutStream(byte[] content, Random random) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 100_000))], cancellationToken);
    }
}
