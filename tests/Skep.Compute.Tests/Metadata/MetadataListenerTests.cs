using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Kinds;
using Skep.Compute.Metadata;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Compute.Tests.Metadata;

/// <summary>The metadata service over a real socket; the guest's address is loopback's.</summary>
public sealed class MetadataListenerTests : IAsyncLifetime
{
    private const string Fabric = "test-vpc";
    private const string Mac = "02:00:00:00:00:01";
    private readonly HttpClient _http = new();
    private TestResources _world = null!;
    private MetadataListener _listener = null!;
    private Uri _address = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await TestResources.CreateAsync([.. ComputeKinds.All, .. NetworkingKinds.All], Ct);
        await SeedAsync();
        var handler = new MetadataHandler(
            new InstanceMetadata(_world.Client, new IdentityDirectory(_world.Client)),
            new SessionTokens(_world.Clock, TestResources.SeededIds(2)));
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _address = new Uri($"http://{socket.LocalEndPoint}/");
        _listener = await MetadataListener.StartAsync(Fabric, () => socket, handler, NullLoggerFactory.Instance, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _listener.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData("latest/meta-data/instance-id", "i-0123456789abcdef0")]
    [InlineData("2009-04-04/meta-data/instance-id", "i-0123456789abcdef0")]
    [InlineData("1.0/meta-data/local-ipv4/", "127.0.0.1")]
    [InlineData("latest/meta-data/hostname", "ip-127-0-0-1.ec2.internal")]
    [InlineData("latest/meta-data/public-keys/", "0=mine")]
    [InlineData("latest/meta-data/public-keys/0/", "openssh-key")]
    [InlineData("latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA mine")]
    [InlineData("latest/meta-data/network/interfaces/macs/", Mac + "/")]
    [InlineData("latest/meta-data/network/interfaces/macs/" + Mac + "/subnet-ipv4-cidr-block", "172.31.0.0/24")]
    [InlineData("latest/meta-data/network/interfaces/macs/" + Mac + "/security-groups", "default")]
    [InlineData("latest/meta-data/placement/", "availability-zone\nregion")]
    [InlineData("latest", "dynamic/\nmeta-data/\nuser-data")]
    [InlineData("latest/user-data", "#!/bin/sh\necho hi\n")]
    public async Task Answers_without_a_token_when_version_1_is_allowed(string path, string expected) =>
        Assert.Equal(expected, await _http.GetStringAsync(new Uri(_address, path), Ct));

    [Fact]
    public async Task Every_listed_leaf_answers()
    {
        var pending = new Stack<string>(["latest/"]);
        var leaves = 0;
        while (pending.TryPop(out var directory))
        {
            foreach (var name in (await _http.GetStringAsync(new Uri(_address, directory), Ct)).Split('\n'))
            {
                if (name.EndsWith('/'))
                    pending.Push(directory + name);
                else if (name.Contains('=', StringComparison.Ordinal))
                    pending.Push(directory + name[..name.IndexOf('=', StringComparison.Ordinal)] + "/");
                else
                    Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(_address, directory + name), Ct)).StatusCode);
                leaves++;
            }
        }

        Assert.True(leaves > 25);
    }

    [Fact]
    public async Task A_token_opens_what_requires_one_until_it_expires()
    {
        await ChangeOptionsAsync(o => o.HttpTokens = "required");
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(token: null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("forged")).StatusCode);
        var token = await TokenAsync("60", HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(token)).StatusCode);
        _world.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(token)).StatusCode);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("21601")]
    [InlineData("soon")]
    [InlineData(null)]
    public async Task Refuses_a_token_with_a_life_out_of_bounds(string? ttl) => await TokenAsync(ttl, HttpStatusCode.BadRequest);

    [Fact]
    public async Task Refuses_a_token_to_a_request_that_came_through_a_proxy()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_address, "latest/api/token"));
        request.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "60");
        request.Headers.Add("X-Forwarded-For", "10.0.0.1");
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.SendAsync(request, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_disabled_endpoint_answers_403()
    {
        await ChangeOptionsAsync(o => o.HttpEndpoint = "disabled");
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(token: null)).StatusCode);
        await TokenAsync("60", HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("latest/meta-data/nothing")]
    [InlineData("soon/meta-data/")]
    [InlineData("latest/../../etc/passwd")]
    public async Task An_unknown_path_answers_404(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(_address, path), Ct)).StatusCode);

    [Fact]
    public async Task Tags_are_served_only_when_asked_for()
    {
        var path = new Uri(_address, "latest/meta-data/tags/instance/Name");
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(path, Ct)).StatusCode);
        await ChangeOptionsAsync(o => o.InstanceMetadataTags = "enabled");
        Assert.Equal("web", await _http.GetStringAsync(path, Ct));
    }

    [Fact]
    public async Task The_first_request_after_a_start_marks_the_guest_reachable()
    {
        Assert.Null(_world.Client.View.Get(ComputeKinds.Instance, "default", "i-0123456789abcdef0")!.Status!.GuestReachableTime);
        await GetAsync(token: null);
        Assert.NotNull(_world.Client.View.Get(ComputeKinds.Instance, "default", "i-0123456789abcdef0")!.Status!.GuestReachableTime);
    }

    private async Task<HttpResponseMessage> GetAsync(string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_address, "latest/meta-data/instance-id"));
        if (token is not null)
            request.Headers.Add("X-aws-ec2-metadata-token", token);
        return await _http.SendAsync(request, Ct);
    }

    private async Task<string> TokenAsync(string? ttl, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_address, "latest/api/token"));
        if (ttl is not null)
            request.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", ttl);
        var response = await _http.SendAsync(request, Ct);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Ct);
    }

    private Task ChangeOptionsAsync(Action<MetadataOptions> change) =>
        _world.Client.ModifyAsync(
            ComputeKinds.Instance,
            ComputeKinds.Instance.Key("default", "i-0123456789abcdef0"),
            i => { change(i.Spec.MetadataOptions); return true; },
            Ct);

    private async Task SeedAsync()
    {
        var client = _world.Client;
        static ObjectMeta Meta(string name) => new() { Name = name, Namespace = "default", Labels = new() { ["topology.kubernetes.io/region"] = "us-east-1" } };
        await client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = "123456789012" }, Spec = { AccountId = "123456789012" } }, Ct);
        await client.CreateAsync(CoreKinds.Secret, new Secret { Metadata = Meta("data"), StringData = new() { ["user-data"] = "#!/bin/sh\necho hi\n" } }, Ct);
        await client.CreateAsync(ComputeKinds.KeyPair, new KeyPair { Metadata = Meta("key-0123456789abcdef0"), Spec = { KeyName = "mine", PublicKey = "ssh-ed25519 AAAA mine" } }, Ct);
        await client.CreateAsync(NetworkingKinds.Vpc, new Vpc { Metadata = Meta("vpc-0123456789abcdef0"), Spec = { CidrBlock = "172.31.0.0/16" } }, Ct);
        await client.CreateAsync(NetworkingKinds.Subnet, new Subnet { Metadata = Meta("subnet-0123456789abcdef0"), Spec = { VpcId = "vpc-0123456789abcdef0", CidrBlock = "172.31.0.0/24", AvailabilityZone = "us-east-1a" } }, Ct);
        await client.CreateAsync(NetworkingKinds.SecurityGroup, new SecurityGroup { Metadata = Meta("sg-0123456789abcdef0"), Spec = { GroupName = "default", Description = "default group", VpcId = "vpc-0123456789abcdef0" } }, Ct);
        await client.CreateAsync(
            NetworkingKinds.NetworkInterface,
            new NetworkInterface
            {
                Metadata = Meta("eni-0123456789abcdef0"),
                Spec =
                {
                    VpcId = "vpc-0123456789abcdef0", SubnetId = "subnet-0123456789abcdef0", AvailabilityZone = "us-east-1a",
                    PrivateIpAddress = "127.0.0.1", MacAddress = Mac, Groups = ["sg-0123456789abcdef0"], NodeName = "n",
                    Attachment = new() { AttachmentId = "eni-attach-0123456789abcdef0", InstanceId = "i-0123456789abcdef0" },
                },
                Status = new() { State = "in-use", NetworkNamespace = Fabric, DeviceName = "tap0" },
            },
            Ct);
        await client.CreateAsync(
            ComputeKinds.Instance,
            new Instance
            {
                Metadata = Meta("i-0123456789abcdef0"),
                Spec =
                {
                    ImageId = "ami-0123456789abcdef0", InstanceType = "t3.micro", KeyName = "mine", AvailabilityZone = "us-east-1a",
                    UserDataSecret = "data", Tags = new() { ["Name"] = "web" },
                    NetworkInterfaces = [new() { NetworkInterfaceId = "eni-0123456789abcdef0" }],
                },
                Status = new() { State = InstanceState.Running, LaunchTime = _world.Clock.GetUtcNow() },
            },
            Ct);
    }
}
