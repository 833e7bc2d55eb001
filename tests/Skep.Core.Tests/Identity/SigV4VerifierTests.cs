using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Identity;

public sealed class SigV4VerifierTests
{
    private const string KeyId = "AKIASKEPTESTKEY00001";
    private const string Secret = "skeptestsecretkeyskeptestsecretkey000001";
    private const string SessionKeyId = "ASIASKEPTESTKEY00001";
    private const string SessionToken = "a session's token";

    private static readonly SigV4Request _request = new("POST", "/", "", [new("Host", "localhost:9999")], SigV4Request.EmptyPayloadHash);
    private static readonly SigV4Credentials _credentials = new(KeyId, Secret, SessionToken: null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Accepts_a_signed_header_and_says_who_signed()
    {
        await using var world = await WorldAsync();
        var identity = Verify(world, Signed(world, _credentials));
        Assert.Equal("admin", identity.Principal.Name);
        Assert.Equal("eu-west-1", identity.Scope.Region);
        Assert.False(identity.IsPresigned);
    }

    [Fact]
    public async Task Accepts_a_presigned_query_until_it_expires()
    {
        await using var world = await WorldAsync();
        var request = Presigned(world, TimeSpan.FromMinutes(1));
        Assert.True(Verify(world, request).IsPresigned);
        world.Clock.Advance(TimeSpan.FromSeconds(60));
        Verify(world, request);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(SigV4Failure.RequestExpired, Failure(world, request));
    }

    [Theory]
    [InlineData("method")]
    [InlineData("path")]
    [InlineData("query")]
    [InlineData("host")]
    [InlineData("payload")]
    [InlineData("signature")]
    public async Task Refuses_whatever_was_changed_after_signing(string changed)
    {
        await using var world = await WorldAsync();
        var request = Signed(world, _credentials);
        request = changed switch
        {
            "method" => request with { Method = "GET" },
            "path" => request with { Path = "/other" },
            "query" => request with { Query = "Action=DescribeInstances" },
            "payload" => request with { PayloadHash = new string('0', 64) },
            "host" => With(request, "Host", "elsewhere"),
            _ => With(request, "Authorization", request.Header("Authorization")![..^1] + (request.Header("Authorization")![^1] == '0' ? '1' : '0')),
        };
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request));
    }

    [Fact]
    public async Task Refuses_another_secret_and_an_unknown_or_inactive_key()
    {
        await using var world = await WorldAsync();
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, Signed(world, _credentials with { SecretAccessKey = "wrong" })));
        Assert.Equal(SigV4Failure.UnknownKey, Failure(world, Signed(world, _credentials with { AccessKeyId = "AKIAUNKNOWN000000000" })));
        await world.Client.ModifyAsync(CoreKinds.AccessKey, IdentityDirectory.KeyOfAccessKey(KeyId), k => { k.Spec.State = "Inactive"; return true; }, Ct);
        Assert.Equal(SigV4Failure.UnknownKey, Failure(world, Signed(world, _credentials)));
    }

    [Theory]
    [InlineData(-16, SigV4Failure.RequestTimeSkewed)]
    [InlineData(16, SigV4Failure.RequestTimeSkewed)]
    [InlineData(-14, null)]
    [InlineData(14, null)]
    public async Task Allows_a_clock_that_is_a_quarter_of_an_hour_off(int minutes, SigV4Failure? expected)
    {
        await using var world = await WorldAsync();
        var request = Signed(world, _credentials, TimeSpan.FromMinutes(minutes));
        if (expected is null)
            Verify(world, request);
        else
            Assert.Equal(expected, Failure(world, request));
    }

    [Fact]
    public async Task A_session_needs_its_own_token_under_the_signature()
    {
        await using var world = await WorldAsync();
        var session = new SigV4Credentials(SessionKeyId, Secret, SessionToken);
        Verify(world, Signed(world, session));
        Assert.Equal(SigV4Failure.InvalidToken, Failure(world, Signed(world, session with { SessionToken = null })));
        Assert.Equal(SigV4Failure.InvalidToken, Failure(world, Signed(world, session with { SessionToken = "another" })));
        var unsigned = Signed(world, session with { SessionToken = null });
        unsigned = unsigned with { Headers = [.. unsigned.Headers, new("X-Amz-Security-Token", SessionToken)] };
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, unsigned));
        world.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(SigV4Failure.SessionExpired, Failure(world, Signed(world, session)));
    }

    [Fact]
    public async Task A_long_lived_key_with_a_token_is_refused()
    {
        await using var world = await WorldAsync();
        Assert.Equal(SigV4Failure.InvalidToken, Failure(world, Signed(world, _credentials with { SessionToken = "x" })));
    }

    [Theory]
    [InlineData("AWS4-HMAC-SHA256")]
    [InlineData("AWS4-HMAC-SHA256 ")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, SignedHeaders=host")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, SignedHeaders=x;host, Signature=0")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, SignedHeaders=host;missing, Signature=0")]
    [InlineData("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, Credential=b, SignedHeaders=host, Signature=0")]
    [InlineData("Bearer x")]
    public async Task Says_that_a_header_is_incomplete(string authorization)
    {
        await using var world = await WorldAsync();
        var request = _request with { Headers = [.. _request.Headers, new("X-Amz-Date", SigV4.FormatDate(world.Clock.GetUtcNow())), new("Authorization", authorization)] };
        Assert.Equal(SigV4Failure.Incomplete, Failure(world, request));
    }

    [Fact]
    public async Task Says_that_a_request_is_not_signed()
    {
        await using var world = await WorldAsync();
        Assert.Equal(SigV4Failure.Missing, Failure(world, _request));
    }

    [Fact]
    public async Task The_host_must_be_signed()
    {
        await using var world = await WorldAsync();
        var withoutHost = _request with { Headers = [new("X-Other", "1")] };
        var added = SigV4Signer.Sign(withoutHost, _credentials, "eu-west-1", "ec2", world.Clock.GetUtcNow());
        var request = withoutHost with { Headers = [.. withoutHost.Headers, .. _request.Headers, .. added] };
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request));
    }

    [Fact]
    public async Task The_scope_must_be_of_the_requests_day()
    {
        await using var world = await WorldAsync();
        var signed = Signed(world, _credentials);
        var request = With(signed, "Authorization", signed.Header("Authorization")!.Replace("/20260102/", "/20260101/", StringComparison.Ordinal));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("604801")]
    [InlineData("-1")]
    [InlineData("soon")]
    public async Task A_presigned_request_lives_a_week_at_most(string expires)
    {
        await using var world = await WorldAsync();
        var request = Presigned(world, TimeSpan.FromMinutes(1));
        Assert.Equal(SigV4Failure.IncompleteQuery, Failure(world, request with { Query = request.Query.Replace("X-Amz-Expires=60", $"X-Amz-Expires={expires}", StringComparison.Ordinal) }));
    }

    [Fact]
    public async Task A_presigned_parameter_may_not_come_twice()
    {
        await using var world = await WorldAsync();
        var request = Presigned(world, TimeSpan.FromMinutes(1));
        Assert.Equal(SigV4Failure.IncompleteQuery, Failure(world, request with { Query = request.Query + "&X-Amz-Expires=60" }));
    }

    private static SigV4Request Signed(TestResources world, SigV4Credentials credentials, TimeSpan offset = default)
    {
        var added = SigV4Signer.Sign(_request, credentials, "eu-west-1", "ec2", world.Clock.GetUtcNow() + offset);
        return _request with { Headers = [.. _request.Headers, .. added] };
    }

    private static SigV4Request Presigned(TestResources world, TimeSpan expires)
    {
        var request = _request with { Method = "GET", Query = "Action=GetCallerIdentity&Version=2011-06-15" };
        return request with { Query = SigV4Signer.Presign(request, _credentials, "eu-west-1", "sts", world.Clock.GetUtcNow(), expires) };
    }

    private static SigV4Request With(SigV4Request request, string header, string value) =>
        request with { Headers = [.. request.Headers.Where(h => h.Key != header), new(header, value)] };

    private static SigV4Identity Verify(TestResources world, SigV4Request request) =>
        new SigV4Verifier(new IdentityDirectory(world.Client), world.Clock).Verify(request, services: null, _ => TimeSpan.FromMinutes(15));

    private static SigV4Failure Failure(TestResources world, SigV4Request request) =>
        Assert.Throws<SigV4Exception>(() => Verify(world, request)).Failure;

    private static async Task<TestResources> WorldAsync()
    {
        var world = await TestResources.CreateAsync([], Ct);
        await world.Client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = "123456789012" }, Spec = { AccountId = "123456789012" } }, Ct);
        await world.Client.CreateAsync(CoreKinds.User, new User { Metadata = { Name = "admin", Namespace = "default" }, Spec = { Arn = "arn:aws:iam::123456789012:user/admin", UserId = "AIDA" } }, Ct);
        await AddKeyAsync(world, new AccessKeySpec { AccessKeyId = KeyId, SecretAccessKey = Secret, UserName = "admin" });
        await AddKeyAsync(world, new AccessKeySpec
        {
            AccessKeyId = SessionKeyId, SecretAccessKey = Secret, UserName = "admin",
            SessionTokenSha256 = IdentityDirectory.HashOf(SessionToken), Expires = world.Clock.GetUtcNow().AddHours(1),
        });
        return world;
    }

    private static Task AddKeyAsync(TestResources world, AccessKeySpec spec) =>
        world.Client.CreateAsync(CoreKinds.AccessKey, new AccessKey { Metadata = { Name = spec.AccessKeyId.ToLowerInvariant() }, Spec = spec }, Ct);
}
