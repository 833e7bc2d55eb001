using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Multipart;

/// <summary>Stores a part.</summary>
internal sealed class UploadPart(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "UploadPart";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "uploadId");

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <summary>The number that the query names.</summary>
    /// <exception cref="S3Exception">There is none, or it is out of range.</exception>
    public static int NumberOf(S3Call call) =>
        call.Query.Number("partNumber", 1, MultipartElements.PartNumberMax)
        ?? throw S3Errors.InvalidArgument("partNumber", "", $"Part number must be an integer between 1 and {MultipartElements.PartNumberMax}, inclusive");

    /// <summary>The upload that the query names.</summary>
    /// <exception cref="ObjectException">NoSuchUpload.</exception>
    public static async ValueTask<UploadInfo> FindUploadAsync(S3Services services, S3Call call, CancellationToken ct) =>
        (await services.Store.ListPartsAsync(new ListPartsRequest(MultipartElements.UploadOf(call), AfterNumber: 0, Max: 1), ct)).Upload;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var number = NumberOf(call);
        var encryption = services.Encryption.OfPart(call, await FindUploadAsync(services, call, ct));
        var part = await services.Store.UploadPartAsync(MultipartElements.UploadOf(call), number, encryption.Apply(call.Body.Claims(call)), call.Body.Stream, ct);
        call.Response.Headers.ETag = $"\"{part.ETag}\"";
        EncryptionHeaders.Write(call.Response.Headers, encryption.Encryption, encryption.Customer);
        ChecksumHeaders.Write(call.Response.Headers, part.Checksum, partCount: 0, withType: false);
        call.SendEmpty();
    }
}
