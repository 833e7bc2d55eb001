using Skep.Core.Identity;

namespace Skep.Core.Tests.Identity;

/// <summary>Where S3 asks more of a signature than other services do.</summary>
public sealed class S3SignatureTests
{
    private const string Date = "20260102T030405Z";

    private static readonly SigV4Request _request = new("PUT", "/bucket/a//b/../c%20d", "", [new("Host", "s3.local")], SigV4.UnsignedPayload);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Headers_that_have_an_effect_must_be_signed()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var signed = Signed(world);
        Assert.Null(Failure(world, signed));
        Assert.Null(Failure(world, With(signed, "User-Agent", "x")));
        Assert.Equal(SigV4Failure.HeadersNotSigned, Failure(world, With(signed, "X-Amz-Acl", "public-read")));
        var presigned = Presigned(world);
        Assert.Null(Failure(world, presigned));
        Assert.Null(Failure(world, With(presigned, "x-amz-content-sha256", SigV4.UnsignedPayload)));
        Assert.Equal(SigV4Failure.HeadersNotSigned, Failure(world, With(presigned, "x-amz-acl", "public-read")));
    }

    [Theory]
    [InlineData("AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=0")]
    public async Task Other_schemes_are_refused_by_name(string authorization)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        Assert.Equal(SigV4Failure.UnsupportedAlgorithm, Failure(world, With(_request, "Authorization", authorization)));
    }

    [Theory]
    [InlineData("X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=0", SigV4Failure.UnsupportedAlgorithm)]
    [InlineData("AWSAccessKeyId=a&Signature=b", SigV4Failure.HeadersNotSigned)]
    [InlineData("AWSAccessKeyId=a&Signature=b&Expires=soon", SigV4Failure.RequestExpired)]
    [InlineData("AWSAccessKeyId=a&Signature=b&Expires=1", SigV4Failure.RequestExpired)]
    [InlineData("AWSAccessKeyId=a&Signature=b&Expires=9999999999999999999", SigV4Failure.RequestExpired)]
    [InlineData("X-Amz-Signature=0", SigV4Failure.IncompleteQuery)]
    [InlineData("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", SigV4Failure.IncompleteQuery)]
    [InlineData("versions", SigV4Failure.Missing)]
    public async Task A_query_says_what_it_lacks(string query, SigV4Failure expected)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var request = _request with { Query = query };
        Assert.Equal(expected, Failure(world, request));
        Assert.Equal(expected is not SigV4Failure.Missing, SigV4Verifier.IsSigned(request));
    }

    [Fact]
    public async Task A_presigned_request_must_say_when_it_ends()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var request = Presigned(world);
        Assert.Equal(SigV4Failure.IncompleteQuery, Failure(world, request with { Query = request.Query.Replace("&X-Amz-Expires=60", "", StringComparison.Ordinal) }));
    }

    [Fact]
    public async Task A_mismatch_shows_what_was_calculated_and_nothing_secret()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var refused = Assert.Throws<SigV4Exception>(() => world.Verify(Signed(world) with { Method = "GET" }));
        Assert.Equal(SigV4Failure.Mismatch, refused.Failure);
        var shown = Assert.IsType<SigV4Calculation>(refused.Calculation);
        Assert.StartsWith("GET\n/bucket/a//b/../c%20d\n", shown.CanonicalRequest, StringComparison.Ordinal);
        Assert.StartsWith("AWS4-HMAC-SHA256\n20260102T030405Z\n20260102/us-east-1/s3/aws4_request\n", shown.StringToSign, StringComparison.Ordinal);
        Assert.Equal(IdentityWorld.KeyId, shown.AccessKeyId);
        Assert.DoesNotContain(IdentityWorld.Secret, shown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unusable_date_is_named()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var signed = Signed(world);
        foreach (var date in (string?[])["", "2026", null])
        {
            var headers = signed.Headers.Where(h => h.Key != "X-Amz-Date");
            var request = signed with { Headers = date is null ? [.. headers] : [.. headers, new("X-Amz-Date", date)] };
            Assert.Equal(SigV4Failure.MissingDate, Failure(world, request));
        }
    }

    private static SigV4Request Signed(IdentityWorld world) =>
        _request with { Headers = [.. _request.Headers, .. SigV4Signer.Sign(_request, IdentityWorld.Credentials, "us-east-1", "s3", world.Clock.GetUtcNow())] };

    private static SigV4Request Presigned(IdentityWorld world) => _request with
    {
        Query = SigV4Signer.Presign(_request, IdentityWorld.Credentials, "us-east-1", "s3", world.Clock.GetUtcNow(), TimeSpan.FromMinutes(1)),
    };

    private static SigV4Request With(SigV4Request request, string name, string value) => request with { Headers = [.. request.Headers, new(name, value)] };

    private static SigV4Failure? Failure(IdentityWorld world, SigV4Request request) =>
        (Record.Exception(() => world.Verify(request)) as SigV4Exception)?.Failure;
}
