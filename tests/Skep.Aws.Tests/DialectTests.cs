using System.Net;
using System.Text;
using System.Xml.Linq;
using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Aws.Tests;

/// <summary>What a client sees of a request that is wrong before any operation is reached.</summary>
public sealed class DialectTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ec2", HttpStatusCode.Unauthorized, "AuthFailure")]
    [InlineData("sts", HttpStatusCode.Forbidden, "SignatureDoesNotMatch")]
    public async Task A_wrong_secret(string service, HttpStatusCode status, string code)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AssertErrorAsync(await SendAsync(world, service, new SigV4Credentials(AwsWorld.AccessKeyId, "wrong", null)), status, code, service);
    }

    [Theory]
    [InlineData("ec2", HttpStatusCode.Unauthorized, "AuthFailure")]
    [InlineData("sts", HttpStatusCode.Forbidden, "InvalidClientTokenId")]
    public async Task An_unknown_key(string service, HttpStatusCode status, string code)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AssertErrorAsync(await SendAsync(world, service, new SigV4Credentials("AKIAUNKNOWN000000000", "x", null)), status, code, service);
    }

    [Theory]
    [InlineData("ec2", 16)]
    [InlineData("sts", 6)]
    public async Task A_date_too_long_ago(string service, int minutes)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        using var response = await world.SendAsync(service, "Action=GetCallerIdentity"u8.ToArray(), Ct, date: world.Clock.GetUtcNow().AddMinutes(-minutes));
        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "RequestExpired", service);
    }

    [Theory]
    [InlineData("ec2", HttpStatusCode.BadRequest, "RequestExpired")]
    [InlineData("sts", HttpStatusCode.Forbidden, "ExpiredToken")]
    public async Task A_session_that_has_ended(string service, HttpStatusCode status, string code)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AwsWorld.AddAccessKeyAsync(world.Client, "ASIASESSION000000001", "secret", Ct, "token", world.Clock.GetUtcNow().AddSeconds(-1));
        await AssertErrorAsync(await SendAsync(world, service, new SigV4Credentials("ASIASESSION000000001", "secret", "token")), status, code, service);
    }

    [Fact]
    public async Task A_session_with_its_token()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AwsWorld.AddAccessKeyAsync(world.Client, "ASIASESSION000000001", "secret", Ct, "token", world.Clock.GetUtcNow().AddHours(1));
        using var response = await SendAsync(world, "sts", new SigV4Credentials("ASIASESSION000000001", "secret", "token"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task No_signature()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AssertErrorAsync(await world.SendAsync("Action=DescribeInstances"u8.ToArray(), [], Ct), HttpStatusCode.Forbidden, "MissingAuthenticationToken", "ec2");
        await AssertErrorAsync(await world.GetAsync("/?Action=DescribeInstances", Ct), HttpStatusCode.Forbidden, "MissingAuthenticationToken", "ec2");
    }

    [Fact]
    public async Task A_malformed_signature()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        using var response = await world.SendAsync("Action=X"u8.ToArray(), [new("Authorization", "AWS4-HMAC-SHA256 Credential=x")], Ct);
        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "IncompleteSignature", "ec2");
    }

    [Theory]
    [InlineData("Action=MakeCoffee", "InvalidAction")]
    [InlineData("Action=AcceptAddressTransfer", "UnsupportedOperation")]
    [InlineData("Version=2016-11-15", "MissingAction")]
    [InlineData("Action=DescribeInstances&InstanceId.1=%ff", "MalformedQueryString")]
    [InlineData("Action=DescribeInstances&a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1", "MalformedQueryString")]
    [InlineData("Action=DescribeInstances&Colour=red", "UnknownParameter")]
    [InlineData("Action=DescribeInstances&InstanceId.1=42", "InvalidInstanceID.Malformed")]
    [InlineData("Action=DescribeInstances&InstanceId.1=i-0123456789abcdef0", "InvalidInstanceID.NotFound")]
    [InlineData("Action=TerminateInstances", "MissingParameter")]
    [InlineData("Action=DescribeInstances&Filter.1.Name=colour&Filter.1.Value.1=red", "InvalidParameterValue")]
    [InlineData("Action=DescribeInstances&Filter.1.Name=image-id", "InvalidParameterValue")]
    [InlineData("Action=DescribeInstances&NextToken=forged", "InvalidNextToken")]
    [InlineData("Action=DescribeInstances&MaxResults=2", "InvalidParameterValue")]
    [InlineData("Action=DescribeInstances&MaxResults=1001", "InvalidParameterValue")]
    public async Task A_request_that_is_not_right(string form, string code)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        using var response = await world.SendAsync("ec2", Encoding.UTF8.GetBytes(form), Ct);
        await AssertErrorAsync(response, HttpStatusCode.BadRequest, code, "ec2");
    }

    [Fact]
    public async Task Two_thousand_instance_ids()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var form = "Action=DescribeInstances&" + string.Join('&', Enumerable.Range(1, 2_000).Select(i => $"InstanceId.{i}=i-{i:x17}"));
        await AssertErrorAsync(await world.SendAsync("ec2", Encoding.ASCII.GetBytes(form), Ct), HttpStatusCode.BadRequest, "InvalidParameterValue", "ec2");
    }

    [Fact]
    public async Task A_body_that_is_too_large()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AssertErrorAsync(await world.SendAsync("ec2", new byte[2_000_000], Ct), HttpStatusCode.RequestEntityTooLarge, "RequestEntityTooLarge", "ec2");
    }

    [Fact]
    public async Task A_service_that_is_not_served()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AssertErrorAsync(await world.SendAsync("elasticloadbalancing", "Action=DescribeLoadBalancers"u8.ToArray(), Ct), HttpStatusCode.BadRequest, "UnsupportedOperation", "sts");
        await AssertErrorAsync(await world.SendAsync("iam", "Action=CreateUser&UserName=x"u8.ToArray(), Ct), HttpStatusCode.BadRequest, "UnsupportedOperation", "iam");
    }

    [Fact]
    public async Task A_region_of_no_form()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        using var response = await world.SendAsync("ec2", "Action=DescribeInstances"u8.ToArray(), Ct, region: "Mars");
        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "InvalidParameterValue", "ec2");
    }

    [Fact]
    public async Task Signed_requests_to_S3_and_unsigned_paths_are_left_to_others()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        using var s3 = await world.SendAsync("s3", [], Ct);
        Assert.Equal(HttpStatusCode.NotFound, s3.StatusCode);
        using var other = await world.GetAsync("/api", Ct);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task A_presigned_GET_says_who_signed_it()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var request = new SigV4Request("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", [new("Host", world.Endpoint.Authority)], SigV4Request.EmptyPayloadHash);
        var query = SigV4Signer.Presign(
            request, new SigV4Credentials(AwsWorld.AccessKeyId, AwsWorld.SecretAccessKey, null), AwsWorld.Region, "sts", world.Clock.GetUtcNow(), TimeSpan.FromMinutes(1));
        using var response = await world.GetAsync("/?" + query, Ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var xml = XElement.Parse(await response.Content.ReadAsStringAsync(Ct));
        Assert.Equal($"arn:aws:iam::{AwsWorld.AccountId}:user/admin", xml.Descendants().Single(e => e.Name.LocalName == "Arn").Value);
    }

    [Fact]
    public async Task Who_has_no_rights_may_look_but_not_touch()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        await world.Client.ModifyAsync(CoreKinds.User, CoreKinds.User.Key("default", "admin"), u => { u.Spec.Groups = []; return true; }, Ct);
        await world.Ec2Async("DescribeInstances", Ct);
        Assert.Equal("UnauthorizedOperation", await world.Ec2ErrorAsync("TerminateInstances", Ct, ("InstanceId.1", id)));
        Assert.Equal("UnauthorizedOperation", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1")));
        Assert.Equal("UnauthorizedOperation", await world.Ec2ErrorAsync("DescribeInstanceAttribute", Ct, ("InstanceId", id), ("Attribute", "userData")));
    }

    private static Task<HttpResponseMessage> SendAsync(AwsWorld world, string service, SigV4Credentials credentials) =>
        world.SendAsync(service, Encoding.ASCII.GetBytes(service == "sts" ? "Action=GetCallerIdentity" : "Action=DescribeInstances"), Ct, credentials);

    private static async Task AssertErrorAsync(HttpResponseMessage response, HttpStatusCode status, string code, string service)
    {
        using (response)
        {
            var xml = XElement.Parse(await response.Content.ReadAsStringAsync(Ct));
            Assert.Equal(code, xml.Descendants().Single(e => e.Name.LocalName == "Code").Value);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal(service == "ec2" ? "Response" : "ErrorResponse", xml.Name.LocalName);
            Assert.NotEmpty(xml.Elements().Single(e => e.Name.LocalName == (service == "ec2" ? "RequestID" : "RequestId")).Value);
            Assert.Equal("text/xml; charset=UTF-8", response.Content.Headers.ContentType!.ToString(), ignoreCase: true);
        }
    }
}
