using Skep.Objects;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Makes a part of an object that is here already.</summary>
internal sealed class UploadPartCopy(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "UploadPartCopy";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "uploadId", IsCopy: true);

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        EncryptionHeaders.Refuse(call);
        var number = UploadPart.NumberOf(call);
        var source = await CopySource.OpenAsync(services, call, ct);
        var range = call.Header("x-amz-copy-source-range") is { } header ? ByteRange.ParseCopy(header, source.Version.LengthBytes) : new ByteRange(0, source.Version.LengthBytes);
        var part = await services.Store.CopyPartAsync(
            new CopyPartRequest
            {
                Upload = MultipartElements.UploadOf(call),
                Number = number,
                Source = source.Address,
                SourceIfMatch = source.Version.ETag,
                Offset = range.Offset,
                LengthBytes = range.Length,
            },
            ct);
        source.WriteVersionId(call);
        await call.SendAsync(new S3Xml("CopyPartResult").Element("LastModified", part.LastModified).Element("ETag", $"\"{part.ETag}\"").Checksum(part.Checksum, partCount: 0), ct);
    }
}
