using System.Security.Cryptography;
using Skep.Objects.Disk;
using Skep.Objects.Encryption;

namespace Skep.Objects.Embedded;

/// <summary>An open content with bytes of its own, decrypted. Not thread-safe.</summary>
internal sealed class Leaf : IDisposable
{
    private readonly ContentRow _row;
    private readonly StoredBytes _stored;
    private readonly string _what;
    private FrameCipher? _cipher;
    private byte[]? _frame;
    private long _frameNumber = -1;

    /// <param name="row">Its row.</param>
    /// <param name="disk">Where its file is.</param>
    /// <param name="what">Names it in failures.</param>
    /// <exception cref="FileNotFoundException">The data file is not there.</exception>
    public Leaf(ContentRow row, IDataDisk disk, string what)
    {
        _row = row;
        _what = what;
        var stored = row.Seal is null ? row.LengthBytes : FrameCipher.StoredBytes(row.LengthBytes);
        _stored = row.Kind == ContentKind.Inline ? new InlineBytes(what, row.Data!, row.Crc) : new FileBytes(what, disk.Open(row.Id), row.Id, stored);
    }

    /// <summary>The file, where the bytes are in one as the client sent them.</summary>
    public IDataFile? PlainFile => _row.Seal is null ? (_stored as FileBytes)?.File : null;

    /// <summary>Gives the key of an encrypted content.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.WrongKey"/>.</exception>
    public void UseKey(ReadOnlyMemory<byte>? key)
    {
        if (_row.Seal is null || _cipher is not null)
            return;
        _cipher = FrameCipher.Open(
            (key ?? throw new ObjectException(ObjectError.WrongKey, $"{_what} is encrypted, and no key was given")).Span,
            _row.Seal, _row.LengthBytes, _what);
    }

    /// <summary>Fills a buffer from a range that is inside.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        if (_cipher is null)
        {
            _stored.Read(offset, destination);
            return;
        }

        while (destination.Length > 0)
        {
            var frame = DecryptedFrame(offset / FrameCipher.FrameBytes)[(int)(offset % FrameCipher.FrameBytes)..];
            var count = Math.Min(frame.Length, destination.Length);
            frame[..count].CopyTo(destination);
            offset += count;
            destination = destination[count..];
        }
    }

    /// <summary>Bytes as they are stored.</summary>
    public long StoredLengthBytes => _stored.LengthBytes;

    /// <summary>Reads and verifies bytes as they are stored; needs no key.</summary>
    /// <returns>How many were read.</returns>
    public int Verify(long storedOffset, Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, _stored.LengthBytes - storedOffset);
        _stored.Read(storedOffset, buffer[..count]);
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stored.Dispose();
        _cipher?.Dispose();
        if (_frame is not null)
            CryptographicOperations.ZeroMemory(_frame);
    }

    private ReadOnlySpan<byte> DecryptedFrame(long number)
    {
        var length = (int)Math.Min(FrameCipher.FrameBytes, _row.LengthBytes - (number * FrameCipher.FrameBytes));
        if (_frameNumber == number)
            return _frame.AsSpan(0, length);
        _frame ??= new byte[FrameCipher.FrameBytes];
        _frameNumber = -1;
        var stored = new byte[length + FrameCipher.TagBytes];
        _stored.Read(number * (FrameCipher.FrameBytes + FrameCipher.TagBytes), stored);
        try
        {
            _cipher!.Decrypt(number, stored, _frame.AsSpan(0, length));
        }
        catch (AuthenticationTagMismatchException ex)
        {
            throw new ObjectException(ObjectError.Damaged, $"{_what} is damaged: frame {number} does not match its authentication tag", ex);
        }

        _frameNumber = number;
        return _frame.AsSpan(0, length);
    }
}
