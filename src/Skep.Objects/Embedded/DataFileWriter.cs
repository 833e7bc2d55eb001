using System.Buffers;
using Skep.Objects.Disk;
using Skep.Objects.Encryption;

namespace Skep.Objects.Embedded;

/// <summary>Writes a data file from front to back: encrypts, computes block sums, ends with the footer. One call at a time.</summary>
internal sealed class DataFileWriter(IDataFile file, long id, FrameCipher? cipher) : IDisposable
{
    /// <summary>How often the disk is told to begin: so that the sync at the end has little left.</summary>
    private const long WriteBackBytes = 8 * 1024 * 1024;

    private readonly BlockSums _sums = new();
    private long _frame;
    private long _begun;

    /// <summary>Appends plain bytes: whole frames, but for the last call.</summary>
    public void Append(ReadOnlySpan<byte> plain)
    {
        if (cipher is null)
        {
            Write(plain);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)FrameCipher.StoredBytes(plain.Length));
        try
        {
            Write(buffer.AsSpan(0, cipher.Encrypt(_frame, plain, buffer)));
            _frame += plain.Length / FrameCipher.FrameBytes;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends the file and makes it durable.</summary>
    public void Finish()
    {
        var end = _sums.Finish(id);
        file.Write(_sums.LengthBytes, end);
        file.Sync();
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private void Write(ReadOnlySpan<byte> stored)
    {
        file.Write(_sums.LengthBytes, stored);
        _sums.Append(stored);
        if (_sums.LengthBytes - _begun < WriteBackBytes)
            return;
        file.BeginSync(_begun, _sums.LengthBytes - _begun);
        _begun = _sums.LengthBytes;
    }
}
