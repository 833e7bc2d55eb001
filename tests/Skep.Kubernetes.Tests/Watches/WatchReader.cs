using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Tests.Watches;

/// <summary>Reads a watch's JSON lines.</summary>
internal sealed class WatchReader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private WatchReader(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _lines = new StreamReader(stream);
    }

    public static async Task<WatchReader> OpenAsync(ApiHost api, string path, string? accept = null)
    {
        var response = await api.SendRawAsync("GET", path, accept: accept);
        Assert.Equal(200, (int)response.StatusCode);
        return new WatchReader(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<JsonObject?> ReadAsync()
    {
        var line = await _lines.ReadLineAsync(TestContext.Current.CancellationToken);
        return line is null ? null : (JsonObject)JsonNode.Parse(line)!;
    }

    /// <summary>The next event as "TYPE name".</summary>
    public async Task<string> NextAsync()
    {
        var e = await ReadAsync();
        return e is null ? "END" : $"{e.Text("type")} {e.Text("object/metadata/name")}";
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
