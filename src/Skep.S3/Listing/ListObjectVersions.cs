using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Listing;

/// <summary>Lists versions and delete markers.</summary>
internal sealed class ListObjectVersions(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "ListObjectVersions";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "versions");

    /// <inheritdoc/>
    public override string Action => "s3:ListBucketVersions";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var keys = KeyEncoding.Of(call.Query);
        var (prefix, delimiter) = (call.Query["prefix"] ?? "", call.Query["delimiter"] ?? "");
        var (keyMarker, versionMarker) = (call.Query["key-marker"] ?? "", call.Query["version-id-marker"] ?? "");
        if (keyMarker.Length == 0 && versionMarker.Length > 0)
            throw S3Errors.InvalidArgument("version-id-marker", versionMarker, "A version-id marker cannot be specified without a key marker.");
        var max = call.Query.Count("max-keys", ListingElements.KeysMax);
        var page = await services.Store.ListVersionsAsync(
            new ListVersionsRequest
            {
                Bucket = call.Bucket,
                Prefix = prefix,
                Delimiter = delimiter,
                KeyMarker = keyMarker.Length > 0 ? keyMarker : null,
                VersionIdMarker = versionMarker.Length > 0 ? versionMarker : null,
                Max = max,
            },
            ct);
        var xml = new S3Xml("ListVersionsResult")
            .Element("Name", call.Bucket)
            .Element("Prefix", keys.Encode(prefix))
            .Element("KeyMarker", keys.Encode(keyMarker))
            .Element("VersionIdMarker", versionMarker)
            .Element("NextKeyMarker", keys.EncodeAny(page.NextKeyMarker))
            .Element("NextVersionIdMarker", page.NextVersionIdMarker)
            .Element("MaxKeys", max)
            .Element("Delimiter", delimiter.Length > 0 ? keys.Encode(delimiter) : null)
            .Element("EncodingType", keys.Element)
            .Element("IsTruncated", page.NextKeyMarker is not null);
        foreach (var version in page.Versions)
            Write(xml, version, keys);
        await call.SendAsync(xml.CommonPrefixes(page.CommonPrefixes, keys), ct);
    }

    private void Write(S3Xml xml, ObjectVersion version, KeyEncoding keys)
    {
        var owner = services.Accounts.OwnerOf(version.Metadata.Owner);
        xml.Open(version.IsDeleteMarker ? "DeleteMarker" : "Version").Element("VersionId", version.VersionId).Element("IsLatest", version.IsLatest);
        if (version.IsDeleteMarker)
            xml.Element("Key", keys.Encode(version.Key)).Element("LastModified", version.LastModified).Owner(owner);
        else
            xml.ObjectElements(version, keys, owner);
        xml.Close();
    }
}
