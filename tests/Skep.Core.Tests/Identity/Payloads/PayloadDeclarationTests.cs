using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;

namespace Skep.Core.Tests.Identity.Payloads;

public sealed class PayloadDeclarationTests
{
    private const string Hash = "X-Amz-Content-Sha256";
    private const string Chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    private const string Trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UNSIGNED-PAYLOAD", null, null, null)]
    [InlineData("0", null, null, SigV4Failure.InvalidPayloadHash)]
    [InlineData("STREAMING-SOMETHING", null, null, SigV4Failure.InvalidPayloadHash)]
    [InlineData("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "5", null, SigV4Failure.UnsupportedAlgorithm)]
    [InlineData("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", "5", null, SigV4Failure.UnsupportedAlgorithm)]
    [InlineData(Chunks, "5", null, null)]
    [InlineData(Chunks, null, null, SigV4Failure.MissingLength)]
    [InlineData(Chunks, "-5", null, SigV4Failure.MissingLength)]
    [InlineData(Chunks, "five", null, SigV4Failure.MissingLength)]
    [InlineData(Chunks, "99999999999999999999", null, SigV4Failure.MissingLength)]
    [InlineData(Trailer, "5", "a, B", null)]
    [InlineData(Trailer, "5", "a,A", SigV4Failure.MalformedTrailer)]
    [InlineData(Trailer, "5", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", SigV4Failure.MalformedTrailer)]
    public void Says_what_is_wrong_with_a_head(string hash, string? length, string? trailer, SigV4Failure? expected)
    {
        var headers = new List<KeyValuePair<string, string>> { new("Authorization", "x"), new(Hash, hash) };
        if (length is not null)
            headers.Add(new("x-amz-decoded-content-length", length));
        if (trailer is not null)
            headers.Add(new("x-amz-trailer", trailer));
        Assert.Equal(expected, (Record.Exception(() => PayloadDeclaration.Read("", headers)) as SigV4Exception)?.Failure);
    }

    [Fact]
    public void A_signed_header_needs_the_hash_and_an_anonymous_request_does_not()
    {
        var refused = Assert.Throws<SigV4Exception>(() => PayloadDeclaration.Read("", [new("authorization", "x")]));
        Assert.Equal(SigV4Failure.MissingPayloadHash, refused.Failure);
        Assert.Equal(PayloadMode.Unsigned, PayloadDeclaration.Read("", []).Mode);
    }

    [Theory]
    [InlineData("host", SigV4.UnsignedPayload)]
    [InlineData("host%3Bx-amz-content-sha256", SigV4Request.EmptyPayloadHash)]
    public void A_presigned_request_covers_a_hash_only_where_it_was_signed(string signedHeaders, string canonical)
    {
        var declaration = PayloadDeclaration.Read($"X-Amz-SignedHeaders={signedHeaders}", [new(Hash, SigV4Request.EmptyPayloadHash)]);
        Assert.Equal(canonical, declaration.CanonicalHash);
        // The body is checked against the header either way.
        Assert.Equal(SigV4Request.EmptyPayloadHash, declaration.Sha256);
    }

    [Fact]
    public async Task A_body_with_another_hash_is_refused()
    {
        var content = "content"u8.ToArray();
        foreach (var length in (long?[])[content.Length, null])
        {
            var declaration = PayloadDeclaration.Read("", [new(Hash, Convert.ToHexString(SHA256.HashData(content)))]);
            await using var right = PayloadStream.Open(new MemoryStream(content), declaration, identity: null, length, lengthMax: 7);
            Assert.Equal(content, await ReadAsync(right));
            Assert.True(right.IsVerified);
            await using var wrong = PayloadStream.Open(new MemoryStream("c0ntent"u8.ToArray()), declaration, identity: null, length, lengthMax: 7);
            Assert.Equal(SigV4Failure.PayloadHashMismatch, (await Assert.ThrowsAsync<SigV4Exception>(() => ReadAsync(wrong))).Failure);
            Assert.False(wrong.IsVerified);
        }
    }

    [Fact]
    public async Task A_body_may_not_be_larger_than_allowed_nor_shorter_than_announced()
    {
        var declaration = PayloadDeclaration.Read("", []);
        var open = Assert.Throws<SigV4Exception>(() => PayloadStream.Open(new MemoryStream(), declaration, identity: null, contentLength: 8, lengthMax: 7));
        Assert.Equal(SigV4Failure.EntityTooLarge, open.Failure);
        await using var longer = PayloadStream.Open(new MemoryStream(new byte[8]), declaration, identity: null, contentLength: null, lengthMax: 7);
        Assert.Equal(SigV4Failure.EntityTooLarge, (await Assert.ThrowsAsync<SigV4Exception>(() => ReadAsync(longer))).Failure);
        await using var shorter = PayloadStream.Open(new MemoryStream(new byte[6]), declaration, identity: null, contentLength: 7, lengthMax: 7);
        Assert.Equal(SigV4Failure.IncompleteBody, (await Assert.ThrowsAsync<SigV4Exception>(() => ReadAsync(shorter))).Failure);
        var source = new MemoryStream(new byte[9]);
        await using var exact = PayloadStream.Open(source, declaration, identity: null, contentLength: 7, lengthMax: 7);
        Assert.Equal(7, (await ReadAsync(exact)).Length);
        Assert.Equal(7, source.Position);
    }

    [Fact]
    public void A_body_in_signed_chunks_needs_somebody_who_signed()
    {
        var declaration = PayloadDeclaration.Read("", [new(Hash, Chunks), new("x-amz-decoded-content-length", "5")]);
        var refused = Assert.Throws<SigV4Exception>(() => PayloadStream.Open(new MemoryStream(), declaration, identity: null, contentLength: 8, lengthMax: 7));
        Assert.Equal(SigV4Failure.Missing, refused.Failure);
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\nb:2\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\na:1\nb:2\n\r\n\r\n", null)]
    [InlineData("2\r\nhe\r\n3\r\nllo\r\n0\r\nB: 2\r\nA: 1\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\n\r\n", SigV4Failure.MalformedTrailer)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedTrailer)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\nb:2\r\nc:3\r\n\r\n", SigV4Failure.MalformedTrailer)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\nb\r\n\r\n", SigV4Failure.MalformedTrailer)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\nb:2\r\nx-amz-trailer-signature:0\r\n\r\n", SigV4Failure.MalformedTrailer)]
    [InlineData("5\r\nhello\r\n0\r\na:1\r\nb:2\r\n", SigV4Failure.IncompleteBody)]
    [InlineData("5\r\nhello\r\n0\r\n", SigV4Failure.IncompleteBody)]
    [InlineData("5\r\nhelloo\r\n0\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedChunk)]
    [InlineData("5;chunk-signature=00\r\nhello\r\n0\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedChunk)]
    [InlineData("\r\nhello\r\n0\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedChunk)]
    [InlineData("-5\r\nhello\r\n0\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedChunk)]
    [InlineData("5\nhello\r\n0\r\na:1\r\nb:2\r\n\r\n", SigV4Failure.MalformedChunk)]
    [InlineData("ffffffffffffffff\r\nhello", SigV4Failure.MalformedChunk)]
    [InlineData("fffffffffffffff\r\nhello", SigV4Failure.IncompleteBody)]
    public async Task Reads_trailers_in_the_forms_that_clients_send(string wire, SigV4Failure? expected)
    {
        var declaration = PayloadDeclaration.Read("", [new(Hash, Trailer), new("x-amz-decoded-content-length", "5"), new("x-amz-trailer", "a, b")]);
        await using var body = PayloadStream.Open(new MemoryStream(Encoding.ASCII.GetBytes(wire)), declaration, identity: null, wire.Length, lengthMax: 5);
        if (expected is null)
        {
            Assert.Equal("hello", Encoding.ASCII.GetString(await ReadAsync(body)));
            Assert.Equal(["a=1", "b=2"], body.Trailers.Select(t => $"{t.Key}={t.Value}").Order(StringComparer.Ordinal));
        }
        else
        {
            Assert.Equal(expected, (await Assert.ThrowsAsync<SigV4Exception>(() => ReadAsync(body))).Failure);
        }
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\na:")]
    [InlineData("5")]
    public async Task Lines_without_an_end_are_refused_early(string start)
    {
        var declaration = PayloadDeclaration.Read("", [new(Hash, Trailer), new("x-amz-decoded-content-length", "5"), new("x-amz-trailer", "a")]);
        var source = new MemoryStream(Encoding.ASCII.GetBytes(start + new string('5', 1 << 20)));
        await using var body = PayloadStream.Open(source, declaration, identity: null, source.Length, lengthMax: 5);
        await Assert.ThrowsAsync<SigV4Exception>(() => ReadAsync(body));
        Assert.InRange(source.Position, 0, 32_768);
    }

    private static async Task<byte[]> ReadAsync(PayloadStream body)
    {
        using var content = new MemoryStream();
        await body.CopyToAsync(content, Ct);
        return content.ToArray();
    }
}
