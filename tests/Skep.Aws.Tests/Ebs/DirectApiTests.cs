using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.Aws.Tests.Ebs;

public sealed class DirectApiTests : IAsyncLifetime
{
    private AwsWorld _world = null!;
    private EbsClient _ebs = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await AwsWorld.StartAsync(Ct);
        _ebs = new EbsClient(_world);
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task What_was_put_is_listed_and_read()
    {
        var id = await _ebs.MakeAsync(parent: null, (0, 7), (5, 8), (2_047, 9));
        var (status, _, list) = await _ebs.ListAsync($"/snapshots/{id}/blocks");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((1, 524_288), ((int)list["VolumeSize"]!, (int)list["BlockSize"]!));
        Assert.Equal(_world.Clock.GetUtcNow().AddDays(7).ToUnixTimeSeconds(), (long)(double)list["ExpiryTime"]!);
        var blocks = list["Blocks"]!.AsArray();
        Assert.Equal([0, 5, 2_047], blocks.Select(b => (int)b!["BlockIndex"]!));
        var (got, data, checksum) = await _ebs.GetAsync(id, 5, (string)blocks[1]!["BlockToken"]!);
        Assert.Equal(HttpStatusCode.OK, got);
        Assert.Equal(EbsClient.Block(8), data);
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(data)), checksum);
    }

    [Fact]
    public async Task Starting_makes_a_pending_snapshot()
    {
        var (status, _, answer) = await _ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject
        {
            ["VolumeSize"] = 10, ["Description"] = "d", ["Timeout"] = 30, ["Tags"] = new JsonArray(new JsonObject { ["Key"] = "k", ["Value"] = "v" }),
        });
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(("pending", AwsWorld.AccountId, "d", "k"), ((string)answer["Status"]!, (string)answer["OwnerId"]!, (string)answer["Description"]!, (string)answer["Tags"]![0]!["Key"]!));
        var stored = _world.Client.View.Get(StorageKinds.Snapshot, "default", (string)answer["SnapshotId"]!)!;
        Assert.Equal((SnapshotSource.Direct, 10L, 30, "v"), (stored.Spec.Source, stored.Spec.VolumeSizeGib, stored.Spec.TimeoutMinutes, stored.Spec.Tags!["k"]));
        Assert.Equal("ValidationException INVALID_SNAPSHOT_ID", await ErrorAsync(_ebs.ListAsync($"/snapshots/{stored.Metadata.Name}/blocks")));
    }

    [Fact]
    public async Task A_client_token_starts_one_snapshot()
    {
        var first = await _ebs.StartAsync(token: "once");
        Assert.Equal(first, await _ebs.StartAsync(token: "once"));
        Assert.Equal("ConflictException ", await ErrorAsync(_ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 2, ["ClientToken"] = "once" })));
        Assert.Single(_world.Client.View.List(StorageKinds.Snapshot, ns: null));
    }

    [Fact]
    public async Task Pages_go_through_all_blocks()
    {
        var id = await _ebs.MakeAsync(parent: null, [.. Enumerable.Range(0, 250).Select(i => (i * 3, (i % 255) + 1))]);
        var seen = new List<int>();
        var query = "maxResults=100";
        for (var page = 0; page < 3; page++)
        {
            var (_, _, list) = await _ebs.ListAsync($"/snapshots/{id}/blocks", query);
            seen.AddRange(list["Blocks"]!.AsArray().Select(b => (int)b!["BlockIndex"]!));
            query = $"maxResults=100&pageToken={Uri.EscapeDataString((string?)list["NextToken"] ?? "")}";
            Assert.Equal(page == 2, list["NextToken"] is null);
        }

        Assert.Equal(Enumerable.Range(0, 250).Select(i => i * 3), seen);
        var (_, _, from) = await _ebs.ListAsync($"/snapshots/{id}/blocks", "startingBlockIndex=740");
        Assert.Equal([741, 744, 747], from["Blocks"]!.AsArray().Select(b => (int)b!["BlockIndex"]!));
    }

    [Fact]
    public async Task Changes_between_two_snapshots_are_listed()
    {
        var first = await _ebs.MakeAsync(parent: null, (0, 1), (1, 1), (2, 1));
        var second = await _ebs.MakeAsync(first, (1, 2), (2, 0), (9, 3));
        var (_, _, list) = await _ebs.ListAsync($"/snapshots/{second}/changedblocks", $"firstSnapshotId={first}");
        var changes = list["ChangedBlocks"]!.AsArray();
        Assert.Equal([(1, true, true), (2, true, false), (9, false, true)], changes.Select(c => ((int)c!["BlockIndex"]!, c["FirstBlockToken"] is not null, c["SecondBlockToken"] is not null)));
        Assert.Equal(EbsClient.Block(1), (await _ebs.GetAsync(first, 1, (string)changes[0]!["FirstBlockToken"]!)).Data);
        Assert.Equal(EbsClient.Block(2), (await _ebs.GetAsync(second, 1, (string)changes[0]!["SecondBlockToken"]!)).Data);
        var (_, _, all) = await _ebs.ListAsync($"/snapshots/{second}/changedblocks");
        Assert.Equal([0, 1, 9], all["ChangedBlocks"]!.AsArray().Select(c => (int)c!["BlockIndex"]!));
        var stranger = await _ebs.MakeAsync(parent: null, (0, 1));
        Assert.Equal("ValidationException UNRELATED_SNAPSHOTS", await ErrorAsync(_ebs.ListAsync($"/snapshots/{second}/changedblocks", $"firstSnapshotId={stranger}")));
    }

    [Fact]
    public async Task A_block_is_checked_before_it_is_taken()
    {
        var id = await _ebs.StartAsync();
        var block = EbsClient.Block(1);
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.PutAsync(id, 0, block, checksum: Convert.ToBase64String(SHA256.HashData([1])))));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.PutAsync(id, 0, block[..100])));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.PutAsync(id, 0, block, length: 100)));
        Assert.Equal("ValidationException INVALID_BLOCK", await ErrorAsync(_ebs.PutAsync(id, 2_048, block)));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.PutAsync(id, -1, block)));
        Assert.Equal("ResourceNotFoundException SNAPSHOT_NOT_FOUND", await ErrorAsync(_ebs.PutAsync("snap-0123456789abcdef0", 0, block)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _ebs.PutAsync(id, 0, new byte[1_048_577])).Status);
        Assert.Equal(HttpStatusCode.Created, (await _ebs.PutAsync(id, 0, block)).Status);
    }

    [Fact]
    public async Task Completion_must_fit_what_was_put()
    {
        var id = await _ebs.StartAsync();
        var (one, two) = (EbsClient.Block(1), EbsClient.Block(2));
        await _ebs.PutAsync(id, 3, two);
        await _ebs.PutAsync(id, 1, two);
        await _ebs.PutAsync(id, 1, one);
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.CompleteAsync(id, 3)));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.CompleteAsync(id, 2, Convert.ToBase64String(SHA256.HashData(one)))));
        var linear = Convert.ToBase64String(SHA256.HashData([.. SHA256.HashData(one), .. SHA256.HashData(two)]));
        Assert.Equal("pending", (string?)(await _ebs.CompleteAsync(id, 2, linear)).Document["Status"]);
        Assert.Equal("ValidationException INVALID_SNAPSHOT_ID", await ErrorAsync(_ebs.PutAsync(id, 4, one)));
        await SimulatedAgent.SettleAsync(_world, Ct);
        Assert.Equal("completed", (string?)(await _ebs.CompleteAsync(id, 2, linear)).Document["Status"]);
    }

    [Fact]
    public async Task A_snapshot_without_blocks_can_be_completed()
    {
        var id = await _ebs.MakeAsync(parent: null);
        Assert.Empty((await _ebs.ListAsync($"/snapshots/{id}/blocks")).Document["Blocks"]!.AsArray());
    }

    [Fact]
    public async Task Tokens_are_of_one_block_and_expire()
    {
        var id = await _ebs.MakeAsync(parent: null, (0, 1), (1, 2));
        var other = await _ebs.MakeAsync(parent: null, (0, 1));
        var blocks = (await _ebs.ListAsync($"/snapshots/{id}/blocks")).Document["Blocks"]!.AsArray();
        var token = (string)blocks[0]!["BlockToken"]!;
        Assert.Equal(HttpStatusCode.OK, (await _ebs.GetAsync(id, 0, token)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _ebs.GetAsync(id, 1, token)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _ebs.GetAsync(other, 0, token)).Status);
        var forged = Convert.FromBase64String(token);
        forged[3] ^= 1;
        Assert.Equal("ValidationException INVALID_BLOCK_TOKEN", await ErrorAsync(_ebs.ListAsync($"/snapshots/{id}/blocks/0", $"blockToken={Uri.EscapeDataString(Convert.ToBase64String(forged))}")));
        Assert.Equal("ValidationException INVALID_PAGE_TOKEN", await ErrorAsync(_ebs.ListAsync($"/snapshots/{id}/blocks", $"pageToken={Uri.EscapeDataString(token)}")));
        ((TestClock)_world.Clock).Advance(TimeSpan.FromDays(7) + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.BadRequest, (await _ebs.GetAsync(id, 0, token)).Status);
    }

    [Theory]
    [InlineData("""{"VolumeSize":0}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":16385}""", "ValidationException INVALID_VOLUME_SIZE")]
    [InlineData("""{"VolumeSize":"1"}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":1.5}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":1,"Timeout":9}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":1,"KmsKeyArn":"arn:aws:kms:us-east-1:123456789012:key/none"}""", "ValidationException INVALID_DEPENDENCY_REQUEST")]
    [InlineData("""{"VolumeSize":1,"Encrypted":true,"KmsKeyArn":"arn:aws:kms:us-east-1:123456789012:key/none"}""", "ValidationException INVALID_CUSTOMER_KEY")]
    [InlineData("""{"VolumeSize":1,"Colour":"red"}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":1,"Tags":[{"Key":"aws:x","Value":""}]}""", "ValidationException INVALID_PARAMETER_VALUE")]
    [InlineData("""{"VolumeSize":1,"ParentSnapshotId":"snap-0123456789abcdef0"}""", "ResourceNotFoundException SNAPSHOT_NOT_FOUND")]
    [InlineData("""{"VolumeSize":1""", "SerializationException ")]
    public async Task Starting_refuses_what_makes_no_sense(string body, string expected)
    {
        Assert.Equal(expected, await ErrorAsync(_ebs.SendAsync(HttpMethod.Post, "/snapshots", "", System.Text.Encoding.UTF8.GetBytes(body))));
        Assert.Empty(_world.Client.View.List(StorageKinds.Snapshot, ns: null));
    }

    [Fact]
    public async Task A_child_is_not_smaller_than_its_parent()
    {
        var parent = await _ebs.StartAsync(sizeGib: 3);
        await _ebs.CompleteAsync(parent, 0);
        await SimulatedAgent.SettleAsync(_world, Ct);
        Assert.Equal("ValidationException INVALID_VOLUME_SIZE", await ErrorAsync(_ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 2, ["ParentSnapshotId"] = parent })));
    }

    [Fact]
    public async Task A_child_is_encrypted_as_its_parent_is()
    {
        var (status, error, started) = await _ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 1, ["Encrypted"] = true });
        Assert.True(status == HttpStatusCode.Created, $"{error} {started}");
        Assert.Equal("sse-kms", (string?)started["SseType"]);
        var encrypted = (string)started["SnapshotId"]!;
        await _ebs.PutAsync(encrypted, 0, new byte[512 * 1024]);
        await _ebs.CompleteAsync(encrypted, 1);
        await SimulatedAgent.SettleAsync(_world, Ct);
        Assert.Equal("ValidationException INVALID_DEPENDENCY_REQUEST", await ErrorAsync(_ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 1, ["ParentSnapshotId"] = encrypted, ["Encrypted"] = true })));
        var child = await _ebs.MakeAsync(encrypted, (1, 8));
        Assert.True(_world.Client.View.Get(StorageKinds.Snapshot, "default", child)!.Spec.Encrypted);

        var plain = await _ebs.MakeAsync(parent: null, (0, 7));
        await _world.Ec2Async("EnableEbsEncryptionByDefault", Ct);
        Assert.Equal("ValidationException INVALID_DEPENDENCY_REQUEST", await ErrorAsync(_ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 1, ["ParentSnapshotId"] = plain })));
        var byDefault = await _ebs.StartAsync();
        Assert.True(_world.Client.View.Get(StorageKinds.Snapshot, "default", byDefault)!.Spec.Encrypted);
    }

    [Fact]
    public async Task Unknown_paths_and_strangers_are_told_so_in_json()
    {
        Assert.Equal("UnknownOperationException ", await ErrorAsync(_ebs.ListAsync("/snapshots/snap-1/block")));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.ListAsync("/snapshots/snap-xyz/blocks")));
        Assert.Equal("ValidationException INVALID_PARAMETER_VALUE", await ErrorAsync(_ebs.ListAsync("/snapshots/snap-1/blocks", "page=2")));
        using var response = await _world.SendRestAsync("ebs", HttpMethod.Get, "/snapshots/snap-1/blocks", "", default, Ct, ("X-Amz-Date", "20200101T000000Z"));
        Assert.Equal("IncompleteSignatureException", response.Headers.GetValues("x-amzn-ErrorType").Single());
    }

    [Fact]
    public async Task A_volume_is_made_of_a_direct_snapshot()
    {
        var id = await _ebs.MakeAsync(parent: null, (0, 7));
        var volume = await _world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("SnapshotId", id));
        Assert.Equal(("1", id), (volume.Element("size")!.Value, volume.Element("snapshotId")!.Value));
    }

    [Fact]
    public async Task Snapshots_that_wait_are_bounded()
    {
        for (var i = 0; i < 100; i++)
            await _ebs.StartAsync();
        Assert.Equal("ConcurrentLimitExceededException ", await ErrorAsync(_ebs.JsonAsync(HttpMethod.Post, "/snapshots", "", new JsonObject { ["VolumeSize"] = 1 })));
    }

    private static async Task<string> ErrorAsync(Task<(HttpStatusCode Status, string? Error, JsonNode Document)> call)
    {
        var (status, error, document) = await call;
        Assert.True(error is not null, string.Create(CultureInfo.InvariantCulture, $"{status} {document}"));
        return $"{error} {(string?)document["Reason"]}";
    }
}
