using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Skep.S3.Requests;

/// <summary>
/// Text beyond ASCII in headers, as RFC 2047 writes it: =?UTF-8?B?…?=. S3 keeps users' metadata as Unicode and answers with
/// such words where a header could not carry it as it is (user guide, "Working with object metadata").
/// </summary>
internal static class EncodedWords
{
    private const string Opening = "=?";
    private const string Closing = "?=";
    private const string Prefix = "=?UTF-8?B?";

    /// <summary>Bytes of UTF-8 in a word: it may have 75 characters (RFC 2047 section 2), of which base64 takes 4 for 3 bytes.</summary>
    private const int WordBytesMax = (75 - 12) / 4 * 3;

    /// <summary>A value as a header carries it: itself when it is printable ASCII.</summary>
    public static string Encode(string text)
    {
        if (text.All(c => c is >= ' ' and <= '~'))
            return text;
        var words = new List<string>();
        var word = new List<byte>(WordBytesMax);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var count = rune.EncodeToUtf8(utf8);
            if (word.Count + count > WordBytesMax)
                Flush();
            word.AddRange(utf8[..count]);
        }

        Flush();
        return string.Join(' ', words);

        void Flush()
        {
            words.Add($"{Prefix}{Convert.ToBase64String([.. word])}{Closing}");
            word.Clear();
        }
    }

    /// <summary>The text of a header's value; what is no word in a character set that is known stays as it is.</summary>
    public static string Decode(string value)
    {
        if (!value.Contains(Opening, StringComparison.Ordinal))
            return value;
        var text = new StringBuilder();
        var isAfterWord = false;
        var bytes = new List<byte>();
        for (var rest = value.AsSpan(); rest.Length > 0;)
        {
            var start = rest.IndexOf(Opening);
            if (start < 0)
            {
                Flush();
                text.Append(rest);
                break;
            }

            var gap = rest[..start];
            // Blanks between words only separate them; a character may go from one word into the next.
            if (!isAfterWord || !gap.IsWhiteSpace())
            {
                Flush();
                text.Append(gap);
            }

            rest = rest[start..];
            if (ReadWord(rest) is not ({ } read, var length))
            {
                Flush();
                text.Append(Opening);
                rest = rest[Opening.Length..];
                isAfterWord = false;
                continue;
            }

            bytes.AddRange(read);
            rest = rest[length..];
            isAfterWord = true;
        }

        Flush();
        return text.ToString();

        void Flush()
        {
            text.Append(Encoding.UTF8.GetString([.. bytes]));
            bytes.Clear();
        }
    }

    /// <summary>Reads a word: its text as UTF-8, and how long it was.</summary>
    private static (byte[]? Utf8, int Length) ReadWord(ReadOnlySpan<char> text)
    {
        // =?charset?encoding?text?=
        var charset = text[Opening.Length..];
        var first = charset.IndexOf('?');
        if (first <= 0 || charset.Length < first + 3 || charset[first + 2] != '?')
            return default;
        var body = charset[(first + 3)..];
        var end = body.IndexOf(Closing);
        if (end < 0)
            return default;
        var bytes = char.ToUpperInvariant(charset[first + 1]) switch
        {
            'B' => ReadBase64(body[..end]),
            'Q' => ReadQuoted(body[..end]),
            _ => null,
        };
        var utf8 = bytes is null ? null : ToUtf8(charset[..first], bytes);
        return (utf8, Opening.Length + first + 3 + end + Closing.Length);
    }

    private static byte[]? ToUtf8(ReadOnlySpan<char> charset, byte[] bytes) =>
        charset.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("US-ASCII", StringComparison.OrdinalIgnoreCase) ? bytes
        : charset.Equals("ISO-8859-1", StringComparison.OrdinalIgnoreCase) ? Encoding.Convert(Encoding.Latin1, Encoding.UTF8, bytes)
        : null;

    private static byte[]? ReadBase64(ReadOnlySpan<char> text)
    {
        if (!Base64.IsValid(text))
            return null;
        return Convert.FromBase64String(text.ToString());
    }

    private static byte[]? ReadQuoted(ReadOnlySpan<char> text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '=')
            {
                if (i + 2 >= text.Length || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                    return null;
                bytes.Add(value);
                i += 2;
            }
            else if (char.IsAscii(text[i]))
            {
                bytes.Add(text[i] == '_' ? (byte)' ' : (byte)text[i]);
            }
            else
            {
                return null;
            }
        }

        return [.. bytes];
    }
}
