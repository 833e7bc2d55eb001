using Skep.Objects;
using Skep.S3.Lifecycle;
using Skep.S3.Listing;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Lists the parts of an upload.</summary>
internal sealed class ListParts(S3Services services) : S3Operation
{
    private const int PartsMax = 1_000;

    /// <inheritdoc/>
    public override string Name => "ListParts";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "uploadId");

    /// <inheritdoc/>
    public override string Action => "s3:ListMultipartUploadParts";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var keys = KeyEncoding.Of(call.Query);
        var marker = call.Query.Number("part-number-marker", 0, int.MaxValue) ?? 0;
        var max = call.Query.Count("max-parts", PartsMax);
        var page = await services.Store.ListPartsAsync(new ListPartsRequest(MultipartElements.UploadOf(call), marker, max), ct);
        await LifecycleHeaders.WriteAbortAsync(services, call, page.Upload, ct);
        var owner = services.Accounts.OwnerOf(page.Upload.Metadata.Owner);
        var xml = new S3Xml("ListPartsResult")
            .Element("Bucket", call.Bucket)
            .Element("Key", keys.Encode(call.Key))
            .Element("UploadId", page.Upload.UploadId)
            .Owner(owner, "Initiator")
            .Owner(owner)
            .Element("StorageClass", UploadHeaders.StorageClassOf(page.Upload.Metadata))
            .Element("PartNumberMarker", marker)
            .Element("NextPartNumberMarker", page.Parts.Count > 0 ? page.Parts[^1].Number : 0)
            .Element("MaxParts", max)
            .Element("EncodingType", keys.Element)
            .Element("IsTruncated", page.IsTruncated)
            .ChecksumKind(page.Upload);
        foreach (var part in page.Parts)
        {
            xml.Open("Part")
                .Element("PartNumber", part.Number)
                .Element("LastModified", part.LastModified)
                .Element("ETag", $"\"{part.ETag}\"")
                .Element("Size", part.LengthBytes)
                .Checksum(part.Checksum, partCount: 0)
                .Close();
        }

        await call.SendAsync(xml, ct);
    }
}
