using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Listing;

/// <summary>Lists objects, the second version of the operation.</summary>
internal sealed class ListObjectsV2(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "ListObjectsV2";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "list-type");

    /// <inheritdoc/>
    public override string Action => "s3:ListBucket";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        call.Query.Number("list-type", 2, 2);
        var keys = KeyEncoding.Of(call.Query);
        var (prefix, delimiter) = (call.Query["prefix"] ?? "", call.Query["delimiter"] ?? "");
        var startAfter = call.Query["start-after"];
        var token = call.Query["continuation-token"];
        var after = token is not null ? ContinuationToken.Decode(token) : startAfter;
        ListingElements.CheckOrder(call.Query, delimiter);
        var max = call.Query.Count("max-keys", ListingElements.KeysMax);
        var withOwner = call.Query["fetch-owner"] == "true";
        var page = await services.Store.ListAsync(
            new ListRequest { Bucket = call.Bucket, Prefix = prefix, Delimiter = delimiter, StartAfter = string.IsNullOrEmpty(after) ? null : after, Max = max }, ct);
        var xml = new S3Xml("ListBucketResult")
            .Element("Name", call.Bucket)
            .Element("Prefix", keys.Encode(prefix))
            .Element("StartAfter", keys.EncodeAny(startAfter))
            .Element("ContinuationToken", token)
            .Element("NextContinuationToken", page.NextStartAfter is { } next ? ContinuationToken.Encode(next) : null)
            .Element("KeyCount", page.Objects.Count + page.CommonPrefixes.Count)
            .Element("MaxKeys", max)
            .Element("Delimiter", delimiter.Length > 0 ? keys.Encode(delimiter) : null)
            .Element("EncodingType", keys.Element)
            .Element("IsTruncated", page.NextStartAfter is not null);
        foreach (var version in page.Objects)
            xml.Open("Contents").ObjectElements(version, keys, withOwner ? services.Accounts.OwnerOf(version.Metadata.Owner) : null).Close();
        await call.SendAsync(xml.CommonPrefixes(page.CommonPrefixes, keys), ct);
    }
}
