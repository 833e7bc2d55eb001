using System.Text;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;

namespace Skep.Core.Tests.Identity;

/// <summary>The examples of the S3 API reference's chapter on authenticating requests, with its keys and signatures.</summary>
public sealed class S3ExamplesTests
{
    private const string Date = "20130524T000000Z";
    private const string Scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    private const int ChunkBytes = 65_536;

    private static readonly byte[] _data = Enumerable.Repeat((byte)'a', 66_560).ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/test.txt", "", "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")]
    [InlineData("GET", "/", "lifecycle=", "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("GET", "/", "lifecycle", "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("GET", "/", "max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public async Task Accepts_the_examples_without_a_body(string method, string path, string query, string signedHeaders, string signature)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var request = new SigV4Request(
            method, path, query,
            [
                new("Host", "examplebucket.s3.amazonaws.com"),
                new("Range", "bytes=0-9"),
                new("x-amz-content-sha256", SigV4Request.EmptyPayloadHash),
                new("x-amz-date", Date),
                Authorization(signedHeaders, signature),
            ],
            "");
        var identity = world.Verify(request with { PayloadHash = PayloadDeclaration.Read(query, request.Headers).CanonicalHash });
        Assert.Equal("alice", identity.Principal.Name);
        Assert.Equal(SigV4Carrier.Header, identity.Carrier);
    }

    [Fact]
    public async Task Accepts_the_example_of_putting_an_object_and_its_body()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        IReadOnlyList<KeyValuePair<string, string>> headers =
        [
            new("Host", "examplebucket.s3.amazonaws.com"),
            new("Date", "Fri, 24 May 2013 00:00:00 GMT"),
            new("x-amz-date", Date),
            new("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            new("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
            Authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ];
        var payload = PayloadDeclaration.Read("", headers);
        var identity = world.Verify(new SigV4Request("PUT", "/test%24file.text", "", headers, payload.CanonicalHash));
        var content = "Welcome to Amazon S3."u8.ToArray();
        await using var body = PayloadStream.Open(new MemoryStream(content), payload, identity, content.Length, lengthMax: 100);
        Assert.Equal(content, await ReadAllAsync(body));
        Assert.True(body.IsVerified);
    }

    [Fact]
    public async Task Accepts_the_example_of_a_presigned_URL_for_a_day()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        const string Query =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
            "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        IReadOnlyList<KeyValuePair<string, string>> headers = [new("Host", "examplebucket.s3.amazonaws.com")];
        var payload = PayloadDeclaration.Read(Query, headers);
        Assert.Equal(PayloadMode.Unsigned, payload.Mode);
        var request = new SigV4Request("GET", "/test.txt", Query, headers, payload.CanonicalHash);
        Assert.True(world.Verify(request).IsPresigned);
        world.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        Assert.Equal(SigV4Failure.RequestExpired, Assert.Throws<SigV4Exception>(() => world.Verify(request)).Failure);
    }

    [Fact]
    public async Task Accepts_the_example_of_an_upload_in_signed_chunks()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var wire = Wire(
            ("10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", ChunkBytes),
            ("400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", 1_024),
            ("0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", 0));
        Assert.Equal(66_824, wire.Length);
        var (body, identity) = OpenStreamed(
            world, wire, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", [new("content-length", "66824")],
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
        await using (body)
        {
            Assert.Equal("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", identity.Chain.Previous);
            Assert.Equal(_data, await ReadAllAsync(body));
            Assert.True(body.IsVerified);
        }
    }

    [Fact]
    public async Task Accepts_the_example_of_an_upload_in_signed_chunks_with_a_trailer()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var wire = Wire(
            ("10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", ChunkBytes),
            ("400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", 1_024),
            ("0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
             "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
             "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435", 0));
        Assert.Equal(66_946, wire.Length);
        var (body, _) = OpenStreamed(
            world, wire, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", [new("x-amz-trailer", "x-amz-checksum-crc32c")],
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
        await using (body)
        {
            Assert.Empty(body.Trailers);
            Assert.Equal(_data, await ReadAllAsync(body));
            Assert.Equal("sOO8/Q==", body.Trailers["x-amz-checksum-crc32c"]);
        }
    }

    private static (PayloadStream Body, SigV4Identity Identity) OpenStreamed(
        IdentityWorld world, byte[] wire, string hash, IReadOnlyList<KeyValuePair<string, string>> more, string signedHeaders, string signature)
    {
        IReadOnlyList<KeyValuePair<string, string>> headers =
        [
            new("Host", "s3.amazonaws.com"),
            new("x-amz-date", Date),
            new("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            new("x-amz-content-sha256", hash),
            new("Content-Encoding", "aws-chunked"),
            new("x-amz-decoded-content-length", "66560"),
            .. more,
            Authorization(signedHeaders, signature),
        ];
        var payload = PayloadDeclaration.Read("", headers);
        var identity = world.Verify(new SigV4Request("PUT", "/examplebucket/chunkObject.txt", "", headers, payload.CanonicalHash));
        return (PayloadStream.Open(new MemoryStream(wire), payload, identity, wire.Length, lengthMax: 1 << 20), identity);
    }

    private static byte[] Wire(params ReadOnlySpan<(string Header, int Count)> chunks)
    {
        using var wire = new MemoryStream();
        foreach (var (header, count) in chunks)
        {
            wire.Write(Encoding.ASCII.GetBytes(header + "\r\n"));
            wire.Write(_data.AsSpan(0, count));
            wire.Write("\r\n"u8);
        }

        return wire.ToArray();
    }

    private static KeyValuePair<string, string> Authorization(string signedHeaders, string signature) =>
        new("Authorization", $"AWS4-HMAC-SHA256 Credential={Scope},SignedHeaders={signedHeaders},Signature={signature}");

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using var content = new MemoryStream();
        await stream.CopyToAsync(content, Ct);
        return content.ToArray();
    }
}
