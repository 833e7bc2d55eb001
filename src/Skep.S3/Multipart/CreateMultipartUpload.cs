using Skep.Objects;
using Skep.S3.Lifecycle;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Begins an upload in parts.</summary>
internal sealed class CreateMultipartUpload(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "CreateMultipartUpload";

    /// <inheritdoc/>
    public override S3Route Route => new("POST", S3Level.Object, "uploads");

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var algorithm = call.Header("x-amz-checksum-algorithm") is { } name ? ChecksumHeaders.Parse(name) : (ChecksumAlgorithm?)null;
        var type = call.Header("x-amz-checksum-type") is { } typeName
            ? ChecksumHeaders.ParseType(typeName)
            : algorithm is ChecksumAlgorithm.Crc64Nvme ? ChecksumType.FullObject : ChecksumType.Composite;
        if (algorithm is null && call.Header("x-amz-checksum-type") is not null)
            throw Errors.S3Errors.InvalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
        if (algorithm is ChecksumAlgorithm.Crc64Nvme && type is ChecksumType.Composite)
            throw Errors.S3Errors.InvalidRequest("The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.");
        if (algorithm is ChecksumAlgorithm.Sha1 or ChecksumAlgorithm.Sha256 && type is ChecksumType.FullObject)
            throw Errors.S3Errors.InvalidRequest($"The FULL_OBJECT checksum type cannot be used with the {ChecksumHeaders.NameOf(algorithm.Value).ToLowerInvariant()} checksum algorithm.");
        var encryption = await services.Encryption.DecideAsync(call, ct);
        var upload = await services.Store.CreateUploadAsync(
            new CreateUploadRequest
            {
                Bucket = call.Bucket,
                Key = call.Key,
                Metadata = await UploadMetadata.MakeAsync(services, call, encryption, ct),
                Checksum = algorithm,
                ChecksumType = type,
            },
            ct);
        await LifecycleHeaders.WriteAbortAsync(services, call, upload, ct);
        if (algorithm is { } used)
        {
            call.Response.Headers["x-amz-checksum-algorithm"] = ChecksumHeaders.NameOf(used);
            call.Response.Headers["x-amz-checksum-type"] = ChecksumHeaders.NameOf(type);
        }

        encryption.WriteHeaders(call.Response.Headers);
        await call.SendAsync(new S3Xml("InitiateMultipartUploadResult").Element("Bucket", call.Bucket).Element("Key", call.Key).Element("UploadId", upload.UploadId), ct);
    }
}
