using Microsoft.AspNetCore.Http;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Documents;

/// <summary>Deletes a settings document; one that is not there is no error.</summary>
internal sealed class DeleteBucketDocument(S3Services services, BucketDocument document) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => document.DeleteName!;

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Bucket, document.SubResource);

    /// <inheritdoc/>
    public override string Action => document.DeleteAction;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await services.Store.DeleteDocumentAsync(call.Bucket, document.SubResource, ct);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}
