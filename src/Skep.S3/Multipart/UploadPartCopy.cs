using Skep.Objects;
using Skep.S3.Encryption;
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
        var number = UploadPart.NumberOf(call);
        var encryption = services.Encryption.OfPart(call, await UploadPart.FindUploadAsync(services, call, ct));
        var source = await CopySource.OpenAsync(services, call, ct);
        var range = call.Header("x-amz-copy-source-range") is { } header ? ByteRange.ParseCopy(header, source.Version.LengthBytes) : new ByteRange(0, source.Version.LengthBytes);
        var part = encryption.Encryption is null && source.Version.Metadata.Encryption.IsEmpty
            ? await ShareAsync(call, source, number, range, ct)
            : await WriteAsync(call, source, number, range, encryption, ct);
        EncryptionHeaders.Write(call.Response.Headers, encryption.Encryption, encryption.Customer);
        source.WriteVersionId(call);
        await call.SendAsync(new S3Xml("CopyPartResult").Element("LastModified", part.LastModified).Element("ETag", $"\"{part.ETag}\"").Checksum(part.Checksum, partCount: 0), ct);
    }

    private ValueTask<PartInfo> ShareAsync(S3Call call, CopySource source, int number, ByteRange range, CancellationToken ct) =>
        services.Store.CopyPartAsync(
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

    /// <summary>Encrypts the range with the upload's key, or with none.</summary>
    private async ValueTask<PartInfo> WriteAsync(S3Call call, CopySource source, int number, ByteRange range, WriteEncryption encryption, CancellationToken ct)
    {
        await using var reader = await source.OpenReaderAsync(services, call, ct);
        await using var body = new ObjectReaderStream(reader, range.Offset, range.Length);
        return await services.Store.UploadPartAsync(MultipartElements.UploadOf(call), number, encryption.Apply(new BodyClaims { LengthBytes = range.Length }), body, ct);
    }
}
