using System.Buffers;
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
    private byte[]? _sealed;
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
            var number = offset / FrameCipher.FrameBytes;
            var inFrame = (int)(offset % FrameCipher.FrameBytes);
            var frameLength = (int)Math.Min(FrameCipher.FrameBytes, _row.LengthBytes - (number * FrameCipher.FrameBytes));
            var count = Math.Min(destination.Length, frameLength - inFrame);
            if (count == frameLength && number != _frameNumber)
                ReadFrame(number, destination[..count]); // straight to where it is wanted
            else
                CachedFrame(number, frameLength).Slice(inFrame, count).CopyTo(destination);
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
        if (_sealed is { } bytes)
            ArrayPool<byte>.Shared.Return(bytes);
        if (_frame is { } frame)
        {
            CryptographicOperations.ZeroMemory(frame);
            ArrayPool<byte>.Shared.Return(frame);
        }

        (_sealed, _frame) = (null, null);
    }

    private ReadOnlySpan<byte> CachedFrame(long number, int length)
    {
        _frame ??= ArrayPool<byte>.Shared.Rent((int)Math.Min(FrameCipher.FrameBytes, _row.LengthBytes));
        if (_frameNumber != number)
        {
            _frameNumber = -1;
            ReadFrame(number, _frame.AsSpan(0, length));
            _frameNumber = number;
        }

        return _frame.AsSpan(0, length);
    }

    private void ReadFrame(long number, Span<byte> destination)
    {
        _sealed ??= ArrayPool<byte>.Shared.Rent((int)Math.Min(FrameCipher.FrameBytes, _row.LengthBytes) + FrameCipher.TagBytes);
        var stored = _sealed.AsSpan(0, destination.Length + FrameCipher.TagBytes);
        _stored.Read(number * (FrameCipher.FrameBytes + FrameCipher.TagBytes), stored);
        try
        {
            _cipher!.Decrypt(number, stored, destination);
        }
        catch (AuthenticationTagMismatchException ex)
        {
            throw new ObjectException(ObjectError.Damaged, $"{_what} is damaged: frame {number} does not match its authentication tag", ex);
        }
    }
}
