using Microsoft.AspNetCore.Http;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Multipart;

/// <summary>Ends an upload without an object.</summary>
internal sealed class AbortMultipartUpload(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "AbortMultipartUpload";

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Object, "uploadId");

    /// <inheritdoc/>
    public override string Action => "s3:AbortMultipartUpload";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await services.Store.AbortUploadAsync(MultipartElements.UploadOf(call), ct);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}
