using System.Security.Cryptography;

namespace Skep.Core.Resources;

/// <summary>Ids from the system's cryptographic random source, or from any other filler of bytes.</summary>
public sealed class RandomIdSource(Action<Span<byte>>? fill) : IIdSource
{
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private readonly Action<Span<byte>> _fill = fill ?? (bytes => RandomNumberGenerator.Fill(bytes));

    /// <inheritdoc/>
    public string NewUid()
    {
        Span<byte> bytes = stackalloc byte[16];
        _fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40); // version 4, RFC 9562 section 5.4
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <inheritdoc/>
    public string NewAwsId(string prefix)
    {
        Span<byte> bytes = stackalloc byte[9];
        _fill(bytes);
        // Real ids start with a zero; tools that sort by age rely on nothing, but people recognise them by it.
        return $"{prefix}-0{Convert.ToHexStringLower(bytes)[..16]}";
    }

    /// <inheritdoc/>
    public string NewSuffix(int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        _fill(bytes);
        Span<char> chars = stackalloc char[length];
        for (var i = 0; i < length; i++)
            chars[i] = SuffixAlphabet[bytes[i] % SuffixAlphabet.Length];
        return new string(chars);
    }

    /// <inheritdoc/>
    public void Fill(Span<byte> bytes) => _fill(bytes);
}
