using System.Buffers;
using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>Bytes that were taken and are not visible yet. Disposed of when the transaction is over, however it ended.</summary>
internal sealed class StagedContent(long id, ContentKind kind, long lengthBytes, string etag, ObjectChecksum? checksum) : IDisposable
{
    private byte[]? _pooled;
    private int _pooledCount;

    /// <summary>The content's id; 0 when there are no bytes.</summary>
    public long Id => id;

    /// <summary>The data file, or 0.</summary>
    public long File => kind == ContentKind.File ? id : 0;

    public long LengthBytes => lengthBytes;

    public string ETag => etag;

    public ObjectChecksum? Checksum => checksum;

    /// <summary>The seal when encrypted.</summary>
    public byte[]? Seal { get; init; }

    /// <summary>Takes over a pooled buffer with the stored bytes.</summary>
    public StagedContent WithData(byte[] pooled, int count)
    {
        _pooled = pooled;
        _pooledCount = count;
        return this;
    }

    /// <summary>Writes the content's row, for one reference.</summary>
    public void Insert(WriteScope scope)
    {
        if (id == 0)
            return;
        if (kind == ContentKind.Inline)
            ContentTable.InsertInline(scope.Db, id, lengthBytes, Seal, _pooled.AsSpan(0, _pooledCount));
        else
            ContentTable.Insert(scope.Db, id, kind, lengthBytes, Seal);
    }

    /// <summary>Removes the data file of a change that has certainly not happened.</summary>
    public void Discard(IDataDisk disk)
    {
        if (kind == ContentKind.File)
            disk.Delete(id);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pooled is { } pooled)
            ArrayPool<byte>.Shared.Return(pooled);
        _pooled = null;
    }
}
