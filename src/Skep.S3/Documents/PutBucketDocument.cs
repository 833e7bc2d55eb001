using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>Writes a settings document after checking it.</summary>
internal sealed class PutBucketDocument(S3Services services, BucketDocument document) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => document.PutName;

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket, document.SubResource);

    /// <inheritdoc/>
    public override string Action => document.PutAction;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (document.NeedsDigest)
            ChecksumHeaders.RequireDigest(call);
        var root = await call.ReadXmlAsync(ct);
        if (root.Name != document.Root)
            throw S3Errors.MalformedXml($"the root element is {root.Name}, expected {document.Root}");
        document.Check(root);
        if (document.CheckBucket is { } check)
            await check(services, call, root, ct);
        var xml = new S3Xml(document.Root);
        foreach (var child in root.Children)
            xml.Element(child);
        await services.Store.PutDocumentAsync(call.Bucket, document.SubResource, xml.Finish(), ct);
        call.SendEmpty(document.PutStatus);
    }
}
