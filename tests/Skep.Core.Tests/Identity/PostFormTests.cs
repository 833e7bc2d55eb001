using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;
using Skep.Core.Identity.PostForms;

namespace Skep.Core.Tests.Identity;

public sealed class PostFormTests
{
    private const string Date = "20260102T030405Z";
    private const string Bucket = "uploads";
    private const string Scope = "20260102/us-east-1/s3/aws4_request";
    private const string Conditions =
        """{"bucket":"uploads"},["starts-with","$key","user/"],["eq","$acl","private"],["content-length-range",2,10]""";

    private const string Signing =
        """,{"x-amz-algorithm":"AWS4-HMAC-SHA256"},["starts-with","$x-amz-credential","AKIA"],["starts-with","$x-amz-date",""]""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The example of the S3 API reference, "Browser-based uploads using POST (AWS signature version 4)".</summary>
    [Fact]
    public async Task Accepts_the_published_example()
    {
        const string Policy =
            "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBb" +
            "InN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDov" +
            "L3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2Uv" +
            "Il0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFy" +
            "dHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3" +
            "czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        await using var world = await IdentityWorld.CreateAsync("20151229T000000Z", Ct);
        var form = world.Verifier.VerifyForm(
            new Dictionary<string, string>
            {
                ["key"] = "user/user1/photo.png",
                ["acl"] = "public-read",
                ["success_action_redirect"] = "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
                ["Content-Type"] = "image/jpeg",
                ["x-amz-meta-uuid"] = "14365123651274",
                ["x-amz-server-side-encryption"] = "AES256",
                ["X-Amz-Credential"] = "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
                ["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256",
                ["X-Amz-Date"] = "20151229T000000Z",
                ["x-amz-meta-tag"] = "",
                ["Policy"] = Policy,
                ["X-Amz-Signature"] = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
            },
            "sigv4examplebucket");
        Assert.Equal("alice", form.Identity.Principal.Name);
        Assert.Equal(SigV4Carrier.Form, form.Identity.Carrier);
        Assert.Equal(new DateTimeOffset(2015, 12, 30, 12, 0, 0, TimeSpan.Zero), form.Policy.Expiration);
    }

    [Fact]
    public async Task Gives_the_limits_of_the_file()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var policy = world.Verifier.VerifyForm(Form(Document(Conditions + Signing)), Bucket).Policy;
        Assert.Equal((2, 10), (policy.LengthMin, policy.LengthMax));
        policy.CheckLength(2);
        policy.CheckLength(10);
        Assert.Equal(SigV4Failure.EntityTooSmall, Assert.Throws<SigV4Exception>(() => policy.CheckLength(1)).Failure);
        Assert.Equal(SigV4Failure.EntityTooLarge, Assert.Throws<SigV4Exception>(() => policy.CheckLength(11)).Failure);
    }

    [Theory]
    [InlineData("key", "other/x", SigV4Failure.PolicyConditionFailed)]
    [InlineData("acl", "public-read", SigV4Failure.PolicyConditionFailed)]
    [InlineData("acl", null, SigV4Failure.PolicyConditionFailed)]
    [InlineData("tagging", "a=b", SigV4Failure.PolicyConditionFailed)]
    [InlineData("x-ignore-me", "a", null)]
    [InlineData("ACL", "private", SigV4Failure.IncompleteForm)]
    [InlineData("x-amz-signature", "0000", SigV4Failure.Mismatch)]
    [InlineData("x-amz-signature", null, SigV4Failure.IncompleteForm)]
    [InlineData("x-amz-algorithm", "AWS4-ECDSA-P256-SHA256", SigV4Failure.UnsupportedAlgorithm)]
    [InlineData("x-amz-algorithm", null, SigV4Failure.IncompleteForm)]
    [InlineData("x-amz-credential", "AKIAUNKNOWN000000000/20260102/us-east-1/s3/aws4_request", SigV4Failure.UnknownKey)]
    [InlineData("x-amz-credential", "AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/ec2/aws4_request", SigV4Failure.Mismatch)]
    [InlineData("x-amz-credential", "AKIAIOSFODNN7EXAMPLE", SigV4Failure.IncompleteForm)]
    [InlineData("x-amz-date", "yesterday", SigV4Failure.IncompleteForm)]
    [InlineData("x-amz-security-token", "x", SigV4Failure.InvalidToken)]
    [InlineData("policy", null, SigV4Failure.IncompleteForm)]
    public async Task Refuses_a_form_that_was_changed(string field, string? value, SigV4Failure? expected)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var form = Form(Document(Conditions + Signing));
        if (value is null)
            form.Remove(field);
        else
            form[field] = value;
        Assert.Equal(expected, Failure(world, form));
    }

    [Theory]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[{}]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z"}""")]
    [InlineData("""{"conditions":[]}""")]
    [InlineData("""{"EXPIRATION":"2026-01-03T00:00:00Z","conditions":[]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","CONDITIONS":[]}""")]
    [InlineData("""{"expiration":"tomorrow","conditions":[]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[["content-length-range",0]]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[["content-length-range",-1,0]]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[["content-length-range",2,1]]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[["ends-with","$key","x"]]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[["eq","key","x"]]}""")]
    [InlineData("""{"expiration":"2026-01-03T00:00:00Z","conditions":[1]}""")]
    [InlineData("""[]""")]
    [InlineData("""{"expiration":""")]
    public async Task Refuses_what_is_no_policy(string document)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        Assert.Equal(SigV4Failure.InvalidPolicyDocument, Failure(world, Form(document)));
    }

    [Fact]
    public async Task A_form_ends_when_its_policy_says()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var form = Form(Document(Conditions + Signing));
        world.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(SigV4Failure.RequestExpired, Failure(world, form));
    }

    [Fact]
    public async Task A_form_for_one_bucket_is_refused_at_another()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var refused = Assert.Throws<SigV4Exception>(() => world.Verifier.VerifyForm(Form(Document(Conditions + Signing)), "elsewhere"));
        Assert.Equal(SigV4Failure.PolicyConditionFailed, refused.Failure);
        Assert.Equal("Invalid according to Policy: Policy Condition failed: [\"eq\", \"$bucket\", \"uploads\"]", refused.Message);
    }

    [Fact]
    public async Task Every_media_type_of_a_list_must_begin_as_the_policy_wants()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var form = Form(Document(Conditions + Signing + """,["starts-with","$Content-Type","image/"]"""));
        form["Content-Type"] = "image/png, image/gif";
        Assert.Null(Failure(world, form));
        form["Content-Type"] = "image/png, text/html";
        Assert.Equal(SigV4Failure.PolicyConditionFailed, Failure(world, form));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("AES", SigV4Failure.PolicyConditionFailed)]
    public async Task A_field_that_may_begin_with_anything_may_be_missing(string prefix, SigV4Failure? expected)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        Assert.Equal(expected, Failure(world, Form(Document(Conditions + Signing + $$""",["starts-with","$x-amz-server-side-encryption","{{prefix}}"]"""))));
    }

    [Theory]
    [InlineData(Conditions, null)]
    [InlineData("""{"bUcKeT":"uploads"},["StArTs-WiTh","\\$KeY","user/"],{"AcL":"private"},["CoNtEnT-LeNgTh-RaNgE",0,9]""", null)]
    [InlineData("""{"bucket":"uploads"},["starts-with","$key","user/"]""", SigV4Failure.PolicyConditionFailed)]
    public async Task Accepts_a_form_signed_the_old_way(string conditions, SigV4Failure? expected)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var policy = Convert.ToBase64String(Encoding.UTF8.GetBytes(Document(conditions)));
        var form = new Dictionary<string, string>
        {
            ["key"] = "user/file", ["acl"] = "private", ["AWSAccessKeyId"] = IdentityWorld.KeyId, ["policy"] = policy,
            ["signature"] = SigV2.Signature(IdentityWorld.Secret, policy),
        };
        Assert.Equal(expected, Failure(world, form));
        form["signature"] = "AAAA";
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, form));
        form.Remove("signature");
        Assert.Equal(SigV4Failure.IncompleteForm, Failure(world, form));
    }

    private static string Document(string conditions) => $$"""{"expiration":"2026-01-03T00:00:00.000Z","conditions":[{{conditions}}]}""";

    private static Dictionary<string, string> Form(string document)
    {
        var policy = Convert.ToBase64String(Encoding.UTF8.GetBytes(document));
        var scope = new SigV4Scope(IdentityWorld.KeyId, "20260102", "us-east-1", "s3");
        return new Dictionary<string, string>
        {
            ["key"] = "user/file",
            ["acl"] = "private",
            ["x-amz-algorithm"] = "AWS4-HMAC-SHA256",
            ["x-amz-credential"] = $"{IdentityWorld.KeyId}/{Scope}",
            ["x-amz-date"] = Date,
            ["policy"] = policy,
            ["x-amz-signature"] = SigV4.Signature(SigV4.SigningKey(IdentityWorld.Secret, scope), policy),
        };
    }

    private static SigV4Failure? Failure(IdentityWorld world, Dictionary<string, string> form) =>
        (Record.Exception(() => world.Verifier.VerifyForm(form, Bucket)) as SigV4Exception)?.Failure;
}
