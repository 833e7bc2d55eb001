using System.Collections.Concurrent;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Errors;

namespace Skep.S3.Policies;

/// <summary>Buckets' policies: documents in the store, kept parsed. Thread-safe.</summary>
internal sealed class BucketPolicies
{
    /// <summary>The document's name in the store.</summary>
    public const string DocumentName = "policy";

    private const int KeptMax = 1_000;

    private readonly ConcurrentDictionary<string, Entry> _kept = new(StringComparer.Ordinal);

    /// <summary>A bucket's policy; null for none.</summary>
    public async ValueTask<Policy?> FindAsync(IObjectBackend store, string bucket, CancellationToken ct)
    {
        if (await store.FindDocumentAsync(bucket, DocumentName, ct) is not { } document)
            return null;
        // The document decides what counts; only reading it again is saved.
        if (_kept.TryGetValue(bucket, out var kept) && kept.Document.Span.SequenceEqual(document.Span))
            return kept.Policy;
        var policy = Policy.Parse(document.Span, PolicyRules.Bucket(bucket));
        if (_kept.Count >= KeptMax)
            _kept.Clear();
        _kept[bucket] = new Entry(document, policy);
        return policy;
    }

    /// <summary>Reads a policy that is to be stored.</summary>
    /// <exception cref="S3Exception">MalformedPolicy.</exception>
    public static Policy Parse(ReadOnlyMemory<byte> document, string bucket)
    {
        try
        {
            return Policy.Parse(document.Span, PolicyRules.Bucket(bucket));
        }
        catch (PolicyException ex)
        {
            throw S3Errors.MalformedPolicy(ex.Message);
        }
    }

    private sealed record Entry(ReadOnlyMemory<byte> Document, Policy Policy);
}
