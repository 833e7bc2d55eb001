using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Xml;

namespace Skep.S3.Lifecycle;

/// <summary>Buckets' lifecycle rules. Thread-safe.</summary>
internal sealed class LifecycleSettings
{
    private readonly ParsedDocuments<LifecycleRules> _documents = new(LifecycleConfiguration.Document.SubResource, static d => LifecycleRules.Parse(XmlDocumentReader.Read(d)));

    /// <summary>A bucket's enabled rules.</summary>
    public async ValueTask<LifecycleRules> FindAsync(IObjectBackend store, string bucket, CancellationToken ct) =>
        await _documents.FindAsync(store, bucket, ct) ?? LifecycleRules.None;
}
