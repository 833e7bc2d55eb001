using System.Text;

namespace Skep.Objects.Rules;

/// <summary>What names must be, and their order: that of their UTF-8 bytes, which differs from that of UTF-16.</summary>
public static class Keys
{
    /// <summary>S3's limit on keys.</summary>
    public const int KeyBytesMax = 1_024;

    private const int NameBytesMax = 255;

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A key's bytes.</summary>
    /// <exception cref="ObjectException">It is empty, too long, or no Unicode text.</exception>
    public static byte[] Encode(string key) => Encode(key, "the key", KeyBytesMax);

    /// <summary>Checks the name of a bucket or a document.</summary>
    public static void CheckName(string name, string what) => Encode(name, what, NameBytesMax);

    /// <summary>The bytes of a text that need not be a key: a prefix, a marker.</summary>
    public static byte[] EncodeAny(string text)
    {
        try
        {
            return _utf8.GetBytes(text);
        }
        catch (EncoderFallbackException ex)
        {
            throw new ObjectException(ObjectError.InvalidArgument, "a prefix or marker is not Unicode text: it has half of a surrogate pair", ex);
        }
    }

    /// <summary>The text of a key's bytes.</summary>
    public static string Decode(ReadOnlySpan<byte> key) => Encoding.UTF8.GetString(key);

    /// <summary>The first bytes that no text beginning with the given one has: its last byte is one higher.</summary>
    public static byte[] After(ReadOnlySpan<byte> prefix)
    {
        // UTF-8 has no byte 0xff, so the last byte can always be raised.
        var after = prefix.ToArray();
        after[^1]++;
        return after;
    }

    /// <summary>Checks a part's number.</summary>
    public static void CheckPartNumber(int number)
    {
        if (number is < 1 or > 10_000)
            throw new ObjectException(ObjectError.InvalidArgument, $"part number {number} is not from 1 to 10000");
    }

    private static byte[] Encode(string text, string what, int bytesMax)
    {
        byte[] bytes;
        try
        {
            bytes = _utf8.GetBytes(text);
        }
        catch (EncoderFallbackException ex)
        {
            throw new ObjectException(ObjectError.InvalidArgument, $"{what} is not Unicode text: it has half of a surrogate pair", ex);
        }

        if (bytes.Length == 0 || bytes.Length > bytesMax)
            throw new ObjectException(ObjectError.InvalidArgument, $"{what} has {bytes.Length} bytes of UTF-8, and must have 1 to {bytesMax}");
        return bytes;
    }
}
