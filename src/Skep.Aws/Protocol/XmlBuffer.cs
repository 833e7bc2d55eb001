using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Skep.Aws.Protocol;

/// <summary>Writes the small subset of XML that AWS answers need, straight as UTF-8. Not thread-safe.</summary>
internal sealed class XmlBuffer
{
    private const int CapacityInitial = 4_096;

    private static readonly SearchValues<char> _special = SearchValues.Create(
        [.. "&<>\"\r", .. Enumerable.Range(0, 0x20).Select(c => (char)c).Where(c => c is not ('\t' or '\n')), '\ufffe', '\uffff']);

    private readonly ArrayBufferWriter<byte> _bytes = new(CapacityInitial);

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.WrittenMemory;

    public void Raw(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

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

    public void Empty(string name)
    {
        Raw("<"u8);
        Name(name);
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
        var span = _bytes.GetSpan(32);
        if (!value.TryFormat(span, out var written, format, CultureInfo.InvariantCulture))
            throw new InvalidOperationException($"{value} does not fit 32 bytes");
        _bytes.Advance(written);
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
        var span = _bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        Utf8.FromUtf16(text, span, out _, out var written);
        _bytes.Advance(written);
    }

    private void Name(string name) => Plain(name);
}
