using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Skep.Aws.Tests.Ebs;

/// <summary>Calls of the direct APIs, as a client library makes them.</summary>
internal sealed class EbsClient(AwsWorld world)
{
    public const int BlockBytes = 524_288;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A block that is full of a number.</summary>
    public static byte[] Block(int content)
    {
        var block = new byte[BlockBytes];
        block.AsSpan().Fill((byte)content);
        return block;
    }

    public async Task<string> StartAsync(long sizeGib = 1, string? parent = null, string? token = null)
    {
        var body = new JsonObject { ["VolumeSize"] = sizeGib };
        if (parent is not null)
            body["ParentSnapshotId"] = parent;
        if (token is not null)
            body["ClientToken"] = token;
        return (string)(await JsonAsync(HttpMethod.Post, "/snapshots", "", body)).Document["SnapshotId"]!;
    }

    public Task<(HttpStatusCode Status, string? Error, JsonNode Document)> PutAsync(string id, int block, byte[] data, string? checksum = null, int? length = null) =>
        SendAsync(HttpMethod.Put, $"/snapshots/{id}/blocks/{block}", "", data,
            ("x-amz-Data-Length", (length ?? data.Length).ToString(CultureInfo.InvariantCulture)),
            ("x-amz-Checksum", checksum ?? Convert.ToBase64String(SHA256.HashData(data))), ("x-amz-Checksum-Algorithm", "SHA256"));

    public Task<(HttpStatusCode Status, string? Error, JsonNode Document)> CompleteAsync(string id, int count, string? checksum = null) =>
        SendAsync(HttpMethod.Post, $"/snapshots/completion/{id}", "", ReadOnlyMemory<byte>.Empty,
        [
            ("x-amz-ChangedBlocksCount", count.ToString(CultureInfo.InvariantCulture)),
            .. checksum is null ? Array.Empty<(string, string)>() : [("x-amz-Checksum", checksum), ("x-amz-Checksum-Algorithm", "SHA256"), ("x-amz-Checksum-Aggregation-Method", "LINEAR")],
        ]);

    /// <summary>A completed snapshot with blocks of the numbers given.</summary>
    public async Task<string> MakeAsync(string? parent, params (int Block, int Content)[] blocks)
    {
        var id = await StartAsync(parent: parent);
        foreach (var (block, content) in blocks)
            Assert.Equal(HttpStatusCode.Created, (await PutAsync(id, block, Block(content))).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await CompleteAsync(id, blocks.Length)).Status);
        await SimulatedAgent.SettleAsync(world, Ct);
        return id;
    }

    public async Task<(HttpStatusCode Status, byte[] Data, string? Checksum)> GetAsync(string id, int block, string token)
    {
        using var response = await world.SendRestAsync("ebs", HttpMethod.Get, $"/snapshots/{id}/blocks/{block}", $"blockToken={Uri.EscapeDataString(token)}", default, Ct);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(Ct), response.Headers.TryGetValues("x-amz-Checksum", out var values) ? values.Single() : null);
    }

    public Task<(HttpStatusCode Status, string? Error, JsonNode Document)> ListAsync(string path, string query = "") => JsonAsync(HttpMethod.Get, path, query, body: null);

    public Task<(HttpStatusCode Status, string? Error, JsonNode Document)> JsonAsync(HttpMethod method, string path, string query, JsonNode? body) =>
        SendAsync(method, path, query, body is null ? default : Encoding.UTF8.GetBytes(body.ToJsonString()));

    public async Task<(HttpStatusCode Status, string? Error, JsonNode Document)> SendAsync(
        HttpMethod method, string path, string query, ReadOnlyMemory<byte> body, params (string Name, string Value)[] headers)
    {
        using var response = await world.SendRestAsync("ebs", method, path, query, body, Ct, headers);
        var text = await response.Content.ReadAsStringAsync(Ct);
        return (response.StatusCode, response.Headers.TryGetValues("x-amzn-ErrorType", out var values) ? values.Single() : null, JsonNode.Parse(text.Length > 0 ? text : "{}")!);
    }
}
