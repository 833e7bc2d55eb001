using System.Globalization;
using System.Text;
using Skep.Objects;
using Skep.Objects.Rules;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

internal sealed partial class UpstreamBackend
{
    private const int PageMax = 1_000;

    /// <summary>Sorts after all that a key may go on with: a list that starts after a prefix with this has passed the prefix over.</summary>
    private const string Highest = "\U0010FFFF";

    /// <inheritdoc/>
    public async ValueTask<ObjectPage> ListAsync(ListRequest request, CancellationToken ct)
    {
        Keys.EncodeAny(request.Prefix + request.StartAfter);
        var owner = (await RecordAsync(request.Bucket, ct)).Owner;
        var after = PassOver(request.StartAfter, request.Prefix, request.Delimiter);
        if (request.Max <= 0)
            return new ObjectPage([], [], null);
        string? token = null;
        while (true)
        {
            var query = ListQuery(request.Prefix, request.Delimiter) + string.Create(CultureInfo.InvariantCulture, $"&list-type=2&max-keys={Math.Min(request.Max, PageMax)}");
            if (token is not null)
                query += $"&continuation-token={UpstreamClient.Encode(token)}";
            else if (after is not null)
                query += $"&start-after={UpstreamClient.Encode(after)}";
            var root = await GetAsync(request.Bucket, query, ct);
            var decode = DecoderOf(root);
            var versioning = await VersioningAsync(request.Bucket, ct);
            var objects = root.All("Contents").Select(e => ReadListed(e, decode, owner, versioning is VersioningState.None ? ObjectVersion.NullId : "", isLatest: true)).ToList();
            var prefixes = root.All("CommonPrefixes").Select(e => decode(e.Value("Prefix") ?? ""))
                .Where(p => request.StartAfter is null || !request.StartAfter.StartsWith(p, StringComparison.Ordinal)).ToList();
            token = root.Value("IsTruncated") == "true" ? root.Value("NextContinuationToken") : null;
            if (token is null)
                return new ObjectPage(objects, prefixes, null);
            // Pages of nothing: all of it was passed over.
            if (objects.Count + prefixes.Count > 0)
                return new ObjectPage(objects, prefixes, Last(objects.Select(o => o.Key).Concat(prefixes)));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VersionPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken ct)
    {
        Keys.EncodeAny(request.Prefix + request.KeyMarker);
        var owner = (await RecordAsync(request.Bucket, ct)).Owner;
        if (request.Max <= 0)
            return new VersionPage([], [], null, null);
        var query = "versions&" + ListQuery(request.Prefix, request.Delimiter) + string.Create(CultureInfo.InvariantCulture, $"&max-keys={Math.Min(request.Max, PageMax)}");
        if (request.KeyMarker is { } key)
            query += $"&key-marker={UpstreamClient.Encode(request.VersionIdMarker is null ? PassOver(key, request.Prefix, request.Delimiter)! : key)}";
        if (request.VersionIdMarker is { } id)
            query += $"&version-id-marker={UpstreamClient.Encode(id)}";
        var root = await GetAsync(request.Bucket, query, ct);
        var decode = DecoderOf(root);
        var versions = new List<ObjectVersion>();
        foreach (var element in root.Children.Where(c => c.Name is "Version" or "DeleteMarker"))
        {
            var version = ReadListed(element, decode, owner, element.Value("VersionId") ?? ObjectVersion.NullId, element.Value("IsLatest") == "true");
            versions.Add(element.Name == "Version" ? version : version with { IsDeleteMarker = true, ETag = "", LengthBytes = 0 });
        }

        var prefixes = root.All("CommonPrefixes").Select(e => decode(e.Value("Prefix") ?? "")).ToList();
        var isTruncated = root.Value("IsTruncated") == "true";
        var nextKey = isTruncated ? decode(root.Value("NextKeyMarker") ?? "") : null;
        return new VersionPage(versions, prefixes, nextKey, isTruncated && root.Value("NextVersionIdMarker") is { Length: > 0 } nextId ? nextId : null);
    }

    private Task<XmlElement> GetAsync(string bucket, string query, CancellationToken ct) =>
        _client.ReadAsync(new UpstreamRequest(HttpMethod.Get) { About = new(bucket, ""), Query = query, IsIdempotent = true }, ct);

    private static string ListQuery(string prefix, string delimiter)
    {
        var query = $"encoding-type=url&prefix={UpstreamClient.Encode(prefix)}";
        return delimiter.Length == 0 ? query : $"{query}&delimiter={UpstreamClient.Encode(delimiter)}";
    }

    /// <summary>
    /// Where a list starts. A text inside of a common prefix is after that prefix here; servers differ in whether they roll up
    /// what follows in it once more, so all of it is passed over.
    /// </summary>
    private static string? PassOver(string? after, string prefix, string delimiter)
    {
        if (after is null || delimiter.Length == 0 || !after.StartsWith(prefix, StringComparison.Ordinal))
            return after;
        var at = after.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
        return at < 0 ? after : after[..(at + delimiter.Length)] + Highest;
    }

    private static string Last(IEnumerable<string> entries) => entries.MaxBy(Encoding.UTF8.GetBytes, _byBytes)!;

    private static readonly Comparer<byte[]> _byBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    private static Func<string, string> DecoderOf(XmlElement root) =>
        root.Value("EncodingType") == "url" ? static text => S3Target.Decode(text.Replace('+', ' ')) : static text => text;

    private static ObjectVersion ReadListed(XmlElement element, Func<string, string> decode, string owner, string versionId, bool isLatest)
    {
        var etag = S3.Objects.Conditions.Unquote(element.Value("ETag") ?? "");
        var storageClass = element.Value("StorageClass");
        return new ObjectVersion
        {
            Key = decode(element.Value("Key") ?? ""),
            VersionId = versionId,
            IsLatest = isLatest,
            LengthBytes = long.TryParse(element.Value("Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0,
            ETag = etag,
            LastModified = TimeOf(element.Value("LastModified")) ?? default,
            Checksum = ListedChecksum(element),
            PartCount = UpstreamMetadata.PartCountOf(etag),
            Metadata = new ObjectMetadata
            {
                Owner = owner,
                Headers = storageClass is null or UploadHeaders.StandardClass ? [] : [new(UploadHeaders.StorageClassHeader, storageClass)],
            },
        };
    }

    /// <summary>Lists name a checksum without its value.</summary>
    private static ObjectChecksum? ListedChecksum(XmlElement element)
    {
        if (element.Value("ChecksumAlgorithm") is not { } name)
            return null;
        foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
        {
            if (ChecksumHeaders.NameOf(algorithm) == name)
                return new ObjectChecksum(algorithm, element.Value("ChecksumType") == "COMPOSITE" ? ChecksumType.Composite : ChecksumType.FullObject, ReadOnlyMemory<byte>.Empty);
        }

        return null;
    }
}
