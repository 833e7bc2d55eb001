using System.Security.Cryptography;
using Skep.Objects.Checksums;

namespace Skep.Objects.Rules;

/// <summary>Computes what a body's claims and its ETag need, and compares.</summary>
public sealed class BodyDigests(BodyClaims claims, string what) : IDisposable
{
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly ChecksumHasher? _checksum = claims.Checksum is { } algorithm ? ChecksumHasher.Create(algorithm) : null;

    /// <summary>Bytes so far.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>The MD5 in hexadecimal, or what stands for it, after <see cref="Finish"/>.</summary>
    public string ETag { get; private set; } = "";

    /// <summary>The checksum that was asked for, after <see cref="Finish"/>.</summary>
    public ObjectChecksum? Checksum { get; private set; }

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.TooLarge"/>.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        CheckLength(LengthBytes + bytes.Length);
        LengthBytes += bytes.Length;
        _md5.AppendData(bytes);
        _checksum?.Append(bytes);
    }

    /// <summary>Checks all claims.</summary>
    public void Finish()
    {
        if (claims.LengthBytes is { } length && length != LengthBytes)
            throw new ObjectException(ObjectError.IncompleteBody, $"the body of {what} ended after {LengthBytes} of {length} bytes");
        var md5 = _md5.GetCurrentHash();
        if (claims.Md5 is { } expected && !expected.Span.SequenceEqual(md5))
            throw new ObjectException(ObjectError.BadDigest, $"the MD5 of the body of {what} is {Convert.ToBase64String(md5)}, expected {Convert.ToBase64String(expected.Span)}");
        // Of the form of an MD5: what parts make is put together from theirs.
        ETag = Convert.ToHexStringLower(claims.ETagKey is { } key ? HMACSHA256.HashData(key.Span, md5).AsSpan(0, md5.Length) : md5);
        if (_checksum is null)
            return;
        var value = _checksum.Finish();
        if (claims.ChecksumExpected?.Invoke() is { } claimed && !claimed.Span.SequenceEqual(value))
            throw new ObjectException(ObjectError.BadDigest, $"the {claims.Checksum} of the body of {what} is {Convert.ToBase64String(value)}, expected {Convert.ToBase64String(claimed.Span)}") { Checksum = claims.Checksum };
        Checksum = new ObjectChecksum(claims.Checksum!.Value, ChecksumType.FullObject, value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _md5.Dispose();
        _checksum?.Dispose();
    }

    private void CheckLength(long length)
    {
        if (length > claims.LengthBytes)
            throw new ObjectException(ObjectError.TooLarge, $"the body of {what} is longer than the {claims.LengthBytes} bytes declared");
        if (length > claims.LengthBytesMax)
            throw new ObjectException(ObjectError.TooLarge, $"the body of {what} is longer than {claims.LengthBytesMax} bytes");
    }
}
