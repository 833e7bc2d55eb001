using Skep.Core.S3Client;
using Skep.Objects;

namespace Skep.S3.Upstream;

internal sealed partial class UpstreamBackend
{
    private const int NamesMax = 5;

    /// <summary>Where the server is, without secrets.</summary>
    public string Name => _client.Name;

    /// <summary>
    /// Looks at the server before the first request: that it takes the credentials, and which buckets it has. Those that have
    /// no record get one.
    /// </summary>
    /// <returns>What does not keep from starting but should be known; null for nothing.</returns>
    /// <exception cref="S3ConfigurationException">The server refuses this side: wrong credentials, a clock that differs, no secure connection.</exception>
    public async Task<string?> CheckAsync(CancellationToken ct)
    {
        var problems = new List<string>();
        try
        {
            var names = await ListUpstreamAsync(ct);
            foreach (var name in names)
                await AdoptAsync(name, ct);
            var missing = await MissingAsync(names, ct);
            if (missing.Count > 0)
                problems.Add($"{Name} does not have {missing.Count} of the buckets that are known here: {Short(missing)}; create-bucket makes them again");
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.Unavailable)
        {
            // The rest of the daemon does not wait for it: machines start together after a power failure.
            problems.Add($"{Name} cannot be reached, and S3 requests are answered 503 until it can: {ex.Message}");
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.Refused && ex.Message.Contains("AccessDenied", StringComparison.Ordinal))
        {
            problems.Add($"{Name} does not let this access key list its buckets: buckets that were made elsewhere are found when they are named");
        }
        catch (ObjectException ex)
        {
            throw new S3ConfigurationException(ex.Message, ex);
        }

        var held = await HeldAsync(ct);
        if (held.Count > 0)
            problems.Add($"{held.Count} buckets have objects on this machine, which are not shown while another server keeps the objects: {Short(held)}");
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    private async Task<HashSet<string>> ListUpstreamAsync(CancellationToken ct)
    {
        var prefix = _client.UpstreamName("");
        var root = await _client.ReadAsync(new UpstreamRequest(HttpMethod.Get) { IsIdempotent = true }, ct);
        return (root["Buckets"]?.All("Bucket") ?? [])
            .Select(b => b.Value("Name") ?? "")
            .Where(n => n.Length > prefix.Length && n.StartsWith(prefix, StringComparison.Ordinal))
            .Select(n => n[prefix.Length..])
            .ToHashSet(StringComparer.Ordinal);
    }

    private async Task<List<string>> MissingAsync(HashSet<string> names, CancellationToken ct) =>
        [.. (await RecordsAsync(ct)).Select(b => b.Name).Where(n => !names.Contains(n))];

    private async Task<List<string>> HeldAsync(CancellationToken ct) =>
        [.. (await RecordsAsync(ct)).Where(b => b.Usage.Objects > 0).Select(b => b.Name)];

    private async Task<List<BucketInfo>> RecordsAsync(CancellationToken ct)
    {
        var all = new List<BucketInfo>();
        for (var page = await _records.ListBucketsAsync(new ListBucketsRequest(), ct); ; page = await _records.ListBucketsAsync(new ListBucketsRequest { StartAfter = all[^1].Name }, ct))
        {
            all.AddRange(page.Buckets);
            if (!page.IsTruncated)
                return all;
        }
    }

    private static string Short(List<string> names) => string.Join(", ", names.Take(NamesMax)) + (names.Count > NamesMax ? ", …" : "");
}
