using Skep.Objects;
using Skep.S3.Listing;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Lists uploads that were neither completed nor aborted.</summary>
internal sealed class ListMultipartUploads(S3Services services) : S3Operation
{
    private const int UploadsMax = 1_000;

    /// <inheritdoc/>
    public override string Name => "ListMultipartUploads";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "uploads");

    /// <inheritdoc/>
    public override string Action => "s3:ListBucketMultipartUploads";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var keys = KeyEncoding.Of(call.Query);
        var (prefix, delimiter) = (call.Query["prefix"] ?? "", call.Query["delimiter"] ?? "");
        var (keyMarker, uploadMarker) = (call.Query["key-marker"] ?? "", call.Query["upload-id-marker"] ?? "");
        var max = call.Query.Count("max-uploads", UploadsMax);
        var page = await services.Store.ListUploadsAsync(
            new ListUploadsRequest
            {
                Bucket = call.Bucket,
                Prefix = prefix,
                Delimiter = delimiter,
                KeyMarker = keyMarker.Length > 0 ? keyMarker : null,
                UploadIdMarker = uploadMarker.Length > 0 ? uploadMarker : null,
                Max = max,
            },
            ct);
        var xml = new S3Xml("ListMultipartUploadsResult")
            .Element("Bucket", call.Bucket)
            .Element("KeyMarker", keys.Encode(keyMarker))
            .Element("UploadIdMarker", uploadMarker)
            .Element("NextKeyMarker", keys.EncodeAny(page.NextKeyMarker))
            .Element("NextUploadIdMarker", page.NextUploadIdMarker)
            .Element("Prefix", keys.Encode(prefix))
            .Element("Delimiter", delimiter.Length > 0 ? keys.Encode(delimiter) : null)
            .Element("EncodingType", keys.Element)
            .Element("MaxUploads", max)
            .Element("IsTruncated", page.NextKeyMarker is not null);
        foreach (var upload in page.Uploads)
        {
            var owner = services.Accounts.OwnerOf(upload.Metadata.Owner);
            xml.Open("Upload")
                .Element("Key", keys.Encode(upload.Key))
                .Element("UploadId", upload.UploadId)
                .Owner(owner, "Initiator")
                .Owner(owner)
                .Element("StorageClass", UploadHeaders.StorageClassOf(upload.Metadata))
                .Element("Initiated", upload.Created)
                .ChecksumKind(upload)
                .Close();
        }

        await call.SendAsync(xml.CommonPrefixes(page.CommonPrefixes, keys), ct);
    }
}
