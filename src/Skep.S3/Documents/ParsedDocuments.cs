using System.Collections.Concurrent;
using Skep.Objects;

namespace Skep.S3.Documents;

/// <summary>A settings document of buckets, kept parsed. Thread-safe.</summary>
/// <param name="name">The document's name in the store.</param>
/// <param name="parse">Reads one that was checked before it was stored.</param>
internal sealed class ParsedDocuments<T>(string name, Func<ReadOnlyMemory<byte>, T> parse)
    where T : class
{
    private const int KeptMax = 1_000;

    private readonly ConcurrentDictionary<string, Entry> _kept = new(StringComparer.Ordinal);

    /// <summary>A bucket's; null for none.</summary>
    public async ValueTask<T?> FindAsync(IObjectBackend store, string bucket, CancellationToken ct)
    {
        if (await store.FindDocumentAsync(bucket, name, ct) is not { } document)
            return null;
        // The document decides what counts; only reading it again is saved.
        if (_kept.TryGetValue(bucket, out var kept) && kept.Document.Span.SequenceEqual(document.Span))
            return kept.Value;
        var value = parse(document);
        if (_kept.Count >= KeptMax)
            _kept.Clear();
        _kept[bucket] = new Entry(document, value);
        return value;
    }

    private sealed record Entry(ReadOnlyMemory<byte> Document, T Value);
}
