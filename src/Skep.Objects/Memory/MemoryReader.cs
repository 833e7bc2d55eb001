namespace Skep.Objects.Memory;

/// <summary>Reads from memory.</summary>
internal sealed class MemoryReader(ObjectVersion version, MemoryContent content) : IObjectReader
{
    private string _keyId = "";

    /// <inheritdoc/>
    public ObjectVersion Version { get; } = version;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ObjectPart>> ListPartsAsync(CancellationToken ct) => new(PartsOf(content));

    /// <inheritdoc/>
    public bool NeedsKey => content.Pieces.Any(p => p.KeyId.Length > 0) && _keyId.Length == 0;

    /// <inheritdoc/>
    public void UseKey(ReadOnlyMemory<byte> key)
    {
        var id = MemoryContent.KeyId(key);
        if (content.Pieces.Any(p => p.KeyId.Length > 0 && p.KeyId != id))
            throw new ObjectException(ObjectError.WrongKey, $"{Version.Key} is encrypted with another key than the one given");
        _keyId = id;
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        if (NeedsKey)
            throw new ObjectException(ObjectError.WrongKey, $"{Version.Key} is encrypted, and no key was given");
        return ValueTask.FromResult(content.Read(offset, destination.Span));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static List<ObjectPart> PartsOf(MemoryContent content)
    {
        var parts = new List<ObjectPart>();
        var offset = 0L;
        foreach (var part in content.Pieces.Where(p => p.Part > 0).GroupBy(p => p.Part))
        {
            var length = part.Sum(p => (long)p.Data.Length);
            parts.Add(new ObjectPart(part.Key, offset, length, part.First().Checksum));
            offset += length;
        }

        return parts;
    }
}
