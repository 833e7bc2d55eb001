using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Skep.Aws.Protocol;

/// <summary>Writes the small subset of XML that AWS answers need, straight as UTF-8. Not thread-safe.</summary>
internal sealed class XmlBuffer : ByteBuffer
{
    /// <summary>Numbers and times are shorter.</summary>
    private const int FormattedLengthMax = 32;

    private static readonly SearchValues<char> _special = SearchValues.Create(
        [.. "&<>\"\r", .. Enumerable.Range(0, 0x20).Select(c => (char)c).Where(c => c is not ('\t' or '\n')), '\ufffe', '\uffff']);

    public XmlBuffer()
    {
    }

    public XmlBuffer(int capacity)
        : base(capacity)
    {
    }

    /// <summary>Writes a start tag; the name is ready-made UTF-8.</summary>
    public void Open(ReadOnlySpan<byte> name)
    {
        var span = Reserve(name.Length + 2);
        span[0] = (byte)'<';
        name.CopyTo(span[1..]);
        span[name.Length + 1] = (byte)'>';
        Advance(name.Length + 2);
    }

    /// <summary>Writes an end tag; the name is ready-made UTF-8.</summary>
    public void Close(ReadOnlySpan<byte> name)
    {
        var span = Reserve(name.Length + 3);
        span[0] = (byte)'<';
        span[1] = (byte)'/';
        name.CopyTo(span[2..]);
        span[name.Length + 2] = (byte)'>';
        Advance(name.Length + 3);
    }

    public void Open(string name)
    {
        Raw("<"u8);
        Name(name);
        Raw(">"u8);
    }

    public void Open(string name, string xmlNamespace)
    {
        Raw("<"u8);
        Name(name);
        Raw(" xmlns=\""u8);
        Text(xmlNamespace);
        Raw("\">"u8);
    }

    public void Close(string name)
    {
        Raw("</"u8);
        Name(name);
        Raw(">"u8);
    }

    /// <summary>Writes an element without content; the name is ready-made UTF-8.</summary>
    public void Empty(ReadOnlySpan<byte> name)
    {
        Raw("<"u8);
        Raw(name);
        Raw("/>"u8);
    }

    public void Element(string name, string text)
    {
        Open(name);
        Text(text);
        Close(name);
    }

    public void Format<T>(T value, ReadOnlySpan<char> format)
        where T : IUtf8SpanFormattable
    {
        var span = Reserve(FormattedLengthMax);
        if (!value.TryFormat(span, out var written, format, CultureInfo.InvariantCulture))
            throw new InvalidOperationException($"{value} does not fit {FormattedLengthMax} bytes");
        Advance(written);
    }

    /// <summary>Writes character data. Characters that XML 1.0 cannot carry (section 2.2) become U+FFFD.</summary>
    public void Text(ReadOnlySpan<char> text)
    {
        while (true)
        {
            var special = text.IndexOfAny(_special);
            Plain(special < 0 ? text : text[..special]);
            if (special < 0)
                return;
            Raw(text[special] switch
            {
                '&' => "&amp;"u8,
                '<' => "&lt;"u8,
                '>' => "&gt;"u8,
                '"' => "&quot;"u8,
                '\r' => "&#13;"u8,
                _ => "\uFFFD"u8,
            });
            text = text[(special + 1)..];
        }
    }

    private void Plain(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        var span = Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        Utf8.FromUtf16(text, span, out _, out var written);
        Advance(written);
    }

    private void Name(string name) => Plain(name);
}
