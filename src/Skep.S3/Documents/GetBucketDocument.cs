using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>Reads a settings document: as it was stored.</summary>
internal sealed class GetBucketDocument(S3Services services, BucketDocument document) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => document.GetName;

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, document.SubResource);

    /// <inheritdoc/>
    public override string Action => document.GetAction;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (await services.Store.FindDocumentAsync(call.Bucket, document.SubResource, ct) is { } stored)
            await call.SendAsync(stored, "application/xml", ct);
        else if (document.NotFound is { } notFound)
            throw notFound(call.Bucket);
        else
            await call.SendAsync(new S3Xml(document.Root), ct);
    }
}
