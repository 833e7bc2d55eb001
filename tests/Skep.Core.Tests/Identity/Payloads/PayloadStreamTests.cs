using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;
using Skep.Testing;

namespace Skep.Core.Tests.Identity.Payloads;

public sealed class PayloadStreamTests
{
    private const string Checksum = "x-amz-checksum-crc32";
    private const long LengthMax = 16 << 20;

    /// <summary>Bytes of a chunk that are kept until their signature was checked.</summary>
    private const int VerifiedAheadBytesMax = 1 << 20;

    private static readonly SigV4Scope _scope = new("AKIA", "20260102", "us-east-1", "s3");

    public static TheoryData<PayloadMode> ChunkedModes =>
        [PayloadMode.SignedChunks, PayloadMode.SignedChunksWithTrailer, PayloadMode.UnsignedChunksWithTrailer];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ChunkedModes))]
    public async Task Reads_any_split_into_chunks_and_reads(PayloadMode mode)
    {
        var random = Seeded();
        for (var round = 0; round < 60; round++)
        {
            var data = Data(random, random.Next(4) == 0 ? random.Next(3) : random.Next(40_000));
            var sizes = Enumerable.Range(0, 1 + random.Next(20)).Select(_ => 1 + random.Next(random.Next(2) == 0 ? 100 : 9_000)).ToArray();
            await using var body = Open(mode, Encode(mode, data, sizes), data.Length, random);
            Assert.Equal(data, await ReadAllAsync(body, random));
            Assert.True(body.IsVerified);
            if (mode is not PayloadMode.SignedChunks)
                Assert.Equal("AAAAAA==", body.Trailers[Checksum]);
        }
    }

    [Theory]
    [InlineData(PayloadMode.SignedChunks)]
    [InlineData(PayloadMode.SignedChunksWithTrailer)]
    public async Task A_flipped_bit_anywhere_is_refused_or_changes_nothing(PayloadMode mode)
    {
        var random = Seeded();
        var data = Data(random, 300);
        var wire = Encode(mode, data, [128, 100]);
        var unchanged = 0;
        for (var at = 0; at < wire.Length; at++)
        {
            var flipped = wire.ToArray();
            flipped[at] ^= (byte)(1 << random.Next(8));
            await using var body = Open(mode, flipped, data.Length, random);
            var read = new MemoryStream();
            var refused = await FailureAsync(body, read, random);
            // No byte is handed on that was not found right before.
            Assert.True(data.AsSpan().StartsWith(read.ToArray()), $"at {at}");
            if (refused is null)
            {
                unchanged++;
                Assert.Equal(data, read.ToArray());
            }
        }

        // The case of hex digits in sizes and of a trailer's name says nothing.
        Assert.InRange(unchanged, 0, 2 + Checksum.Length);
    }

    [Theory]
    [MemberData(nameof(ChunkedModes))]
    public async Task A_body_that_ends_early_is_refused_wherever_it_ends(PayloadMode mode)
    {
        var random = Seeded();
        var data = Data(random, 200);
        var wire = Encode(mode, data, [64]);
        for (var length = 0; length < wire.Length; length++)
        {
            await using var body = Open(mode, wire[..length], data.Length, random);
            Assert.NotNull(await FailureAsync(body, new MemoryStream(), random));
            Assert.False(body.IsVerified);
        }
    }

    [Theory]
    [MemberData(nameof(ChunkedModes))]
    public async Task Random_bytes_never_hang_and_never_pass(PayloadMode mode)
    {
        var random = Seeded();
        for (var round = 0; round < 2_000; round++)
        {
            var wire = Encode(mode, Data(random, 50), [20]);
            for (var i = 1 + random.Next(4); i > 0; i--)
                wire = Mutate(wire, random);
            var read = new MemoryStream();
            await using var body = Open(mode, wire, 50, random);
            var failure = await FailureAsync(body, read, random);
            Assert.InRange(read.Length, 0, 50);
            Assert.Equal(failure is null, body.IsVerified);
            Assert.True(failure is not null || read.Length == 50);
        }
    }

    [Theory]
    [MemberData(nameof(ChunkedModes))]
    public async Task The_announced_length_must_be_right(PayloadMode mode)
    {
        var random = Seeded();
        var data = Data(random, 500);
        foreach (var announced in (int[])[499, 501, 0, 1_000_000])
        {
            await using var body = Open(mode, Encode(mode, data, [100]), announced, random);
            Assert.Equal(SigV4Failure.IncompleteBody, await FailureAsync(body, new MemoryStream(), random));
        }
    }

    [Theory]
    [MemberData(nameof(ChunkedModes))]
    public async Task The_last_bytes_come_only_after_the_end_was_checked(PayloadMode mode)
    {
        var random = Seeded();
        var data = Data(random, 64);
        await using var body = Open(mode, [.. Encode(mode, data, [64])[..^2], (byte)'x'], 64, random);
        var buffer = new byte[64];
        await Assert.ThrowsAsync<SigV4Exception>(async () => await body.ReadExactlyAsync(buffer, Ct));
        await using var whole = Open(mode, Encode(mode, data, [64]), 64, random);
        await whole.ReadExactlyAsync(buffer, Ct);
        Assert.True(whole.IsVerified);
    }

    [Fact]
    public async Task A_chunk_too_large_to_keep_is_checked_at_its_end()
    {
        var random = Seeded();
        var data = Data(random, VerifiedAheadBytesMax + 1);
        var wire = Encode(PayloadMode.SignedChunks, data, [data.Length]);
        await using (var body = Open(PayloadMode.SignedChunks, wire, data.Length, random))
            Assert.Equal(data, await ReadAllAsync(body, random: null));
        wire[1_000] ^= 1;
        await using var flipped = Open(PayloadMode.SignedChunks, wire, data.Length, random);
        var read = new MemoryStream();
        Assert.Equal(SigV4Failure.Mismatch, await FailureAsync(flipped, read, random: null));
        Assert.InRange(read.Length, 0, data.Length - 1);
    }

    [Fact]
    public async Task Chunks_in_another_order_are_refused()
    {
        var random = Seeded();
        var chain = NewChain();
        var first = Encode([1, 2, 3, 4], chain);
        var second = Encode([5, 6, 7, 8], chain);
        var last = AwsChunkedBody.Encode([], [1], chain, trailers: null);
        await using (var body = Open(PayloadMode.SignedChunks, [.. first, .. second, .. last], 8, random))
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], await ReadAllAsync(body, random));
        foreach (var wire in (byte[][])[[.. second, .. first, .. last], [.. first, .. first, .. last]])
        {
            await using var body = Open(PayloadMode.SignedChunks, wire, 8, random);
            Assert.Equal(SigV4Failure.Mismatch, await FailureAsync(body, new MemoryStream(), random));
        }

        static byte[] Encode(byte[] data, SigV4Chain chain) =>
        [
            .. Encoding.ASCII.GetBytes($"{data.Length:x};chunk-signature={chain.NextChunk(SHA256.HashData(data))}\r\n"), .. data, .. "\r\n"u8,
        ];
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ")]
    [InlineData("\u00ff")]
    public async Task What_is_no_signature_does_not_match(string signature)
    {
        var random = Seeded();
        byte[] wire = [.. Encoding.Latin1.GetBytes($"1;chunk-signature={signature}\r\n"), 1, .. "\r\n0;chunk-signature=\r\n\r\n"u8];
        await using var body = Open(PayloadMode.SignedChunks, wire, 1, random);
        Assert.Equal(SigV4Failure.Mismatch, await FailureAsync(body, new MemoryStream(), random));
    }

    [Fact]
    public async Task Any_failure_is_final()
    {
        var random = Seeded();
        await using var body = Open(PayloadMode.UnsignedChunksWithTrailer, "zz\r\n"u8.ToArray(), 5, random);
        for (var i = 0; i < 3; i++)
            Assert.Equal(SigV4Failure.MalformedChunk, await FailureAsync(body, new MemoryStream(), random));
        await using var cancelled = Open(PayloadMode.UnsignedChunksWithTrailer, Encode(PayloadMode.UnsignedChunksWithTrailer, [1], [1]), 1, random);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled.ReadExactlyAsync(new byte[1], new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<IOException>(async () => await cancelled.ReadExactlyAsync(new byte[1], Ct));
    }

    private static byte[] Encode(PayloadMode mode, byte[] data, IReadOnlyList<int> sizes) => AwsChunkedBody.Encode(
        data, sizes,
        mode is PayloadMode.UnsignedChunksWithTrailer ? null : NewChain(),
        mode is PayloadMode.SignedChunks ? null : [new(Checksum, "AAAAAA==")]);

    private static PayloadStream Open(PayloadMode mode, byte[] wire, long announced, Random random)
    {
        var declaration = PayloadDeclaration.Read(
            "",
            [
                new("Authorization", "AWS4-HMAC-SHA256"),
                new("X-Amz-Decoded-Content-Length", $"{announced}"),
                new("X-Amz-Trailer", Checksum),
                new("X-Amz-Content-SHA256", mode switch
                {
                    PayloadMode.SignedChunks => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                    PayloadMode.SignedChunksWithTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                    _ => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                }),
            ]);
        Assert.Equal(mode, declaration.Mode);
        return PayloadStream.Open(new DripStream(wire, random), declaration, IdentityOf(NewChain()), wire.Length, LengthMax);
    }

    private static SigV4Identity IdentityOf(SigV4Chain chain) => new(
        new Principal("alice", "123456789012", "default", "arn:aws:iam::123456789012:user/alice", "AIDA", []), _scope, SigV4Carrier.Header, default, chain);

    private static SigV4Chain NewChain() => new(SigV4.SigningKey("secret", _scope), _scope, "20260102T030405Z", new string('0', 64));

    private static byte[] Mutate(byte[] wire, Random random)
    {
        var at = random.Next(wire.Length);
        return random.Next(3) switch
        {
            0 => [.. wire[..at], (byte)random.Next(256), .. wire[at..]],
            1 => [.. wire[..at], .. wire[(at + 1)..]],
            _ => [.. wire[..at], (byte)random.Next(256), .. wire[(at + 1)..]],
        };
    }

    private static async Task<byte[]> ReadAllAsync(PayloadStream body, Random? random)
    {
        var read = new MemoryStream();
        await CopyAsync(body, read, random);
        return read.ToArray();
    }

    private static async Task<SigV4Failure?> FailureAsync(PayloadStream body, MemoryStream read, Random? random)
    {
        try
        {
            await CopyAsync(body, read, random);
            return null;
        }
        catch (SigV4Exception ex)
        {
            return ex.Failure;
        }
    }

    private static async Task CopyAsync(PayloadStream body, MemoryStream read, Random? random)
    {
        while (true)
        {
            var buffer = new byte[random is null ? 65_536 : 1 + random.Next(3_000)];
            var count = await body.ReadAsync(buffer, Ct);
            if (count == 0)
                return;
            read.Write(buffer, 0, count);
        }
    }

    private static byte[] Data(Random random, int length)
    {
        var data = new byte[length];
        random.NextBytes(data);
        return data;
    }

    private static Random Seeded()
    {
        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
