using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Listing;

/// <summary>Lists objects, the first version of the operation.</summary>
internal sealed class ListObjects(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "ListObjects";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:ListBucket";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var keys = KeyEncoding.Of(call.Query);
        var (prefix, delimiter, marker) = (call.Query["prefix"] ?? "", call.Query["delimiter"] ?? "", call.Query["marker"] ?? "");
        ListingElements.CheckOrder(call.Query, delimiter);
        var max = call.Query.Count("max-keys", ListingElements.KeysMax);
        var page = await services.Store.ListAsync(
            new ListRequest { Bucket = call.Bucket, Prefix = prefix, Delimiter = delimiter, StartAfter = marker.Length > 0 ? marker : null, Max = max }, ct);
        var xml = new S3Xml("ListBucketResult")
            .Element("Name", call.Bucket)
            // As it is: boto3 decodes all names of this listing but the prefix.
            .Element("Prefix", prefix)
            .Element("Marker", keys.Encode(marker))
            .Element("MaxKeys", max)
            .Element("EncodingType", keys.Element);
        if (delimiter.Length > 0)
        {
            // Without a delimiter, the last key is where the next page begins.
            xml.Element("Delimiter", keys.Encode(delimiter)).Element("NextMarker", keys.EncodeAny(page.NextStartAfter));
        }

        xml.Element("IsTruncated", page.NextStartAfter is not null);
        foreach (var version in page.Objects)
            xml.Open("Contents").ObjectElements(version, keys, services.Accounts.OwnerOf(version.Metadata.Owner)).Close();
        await call.SendAsync(xml.CommonPrefixes(page.CommonPrefixes, keys), ct);
    }
}
