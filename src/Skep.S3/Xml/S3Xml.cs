using System.Buffers;
using System.Globalization;
using System.Text;

namespace Skep.S3.Xml;

/// <summary>
/// Writes an answer's XML straight as UTF-8. Characters that XML 1.0 cannot carry are written as character references, as
/// S3 does: clients that meet such keys ask for <c>encoding-type=url</c>. Not thread-safe.
/// </summary>
internal sealed class S3Xml
{
    /// <summary>The namespace of all answers but errors.</summary>
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    private const int TagBytesMax = 128;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private static readonly SearchValues<char> _special = SearchValues.Create(
        [.. "&<>\"\r", .. Enumerable.Range(0, 0x20).Select(c => (char)c).Where(c => c is not ('\t' or '\n')), '\ufffe', '\uffff']);

    private readonly ArrayBufferWriter<byte> _out = new(1_024);
    private readonly Stack<string> _open = new();

    /// <summary>Begins a document.</summary>
    public S3Xml(string root, string? xmlNamespace = Namespace)
    {
        _out.Write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);
        Open(root, xmlNamespace is null ? [] : [new("xmlns", xmlNamespace)]);
    }

    /// <summary>Opens an element.</summary>
    public S3Xml Open(string name, params ReadOnlySpan<KeyValuePair<string, string>> attributes)
    {
        Raw("<");
        Raw(name);
        foreach (var (attribute, value) in attributes)
        {
            Raw(" ");
            Raw(attribute);
            Raw("=\"");
            Text(value);
            Raw("\"");
        }

        Raw(">");
        _open.Push(name);
        return this;
    }

    /// <summary>Closes the element that was opened last.</summary>
    public S3Xml Close()
    {
        var name = _open.Pop();
        Raw("</");
        Raw(name);
        Raw(">");
        return this;
    }

    /// <summary>Writes an element with text; nothing for null.</summary>
    public S3Xml Element(string name, string? text)
    {
        if (text is null)
            return this;
        Raw("<");
        Raw(name);
        Raw(">");
        Text(text);
        Raw("</");
        Raw(name);
        Raw(">");
        return this;
    }

    /// <summary>Writes a number.</summary>
    public S3Xml Element(string name, long value) => Element(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Writes true or false.</summary>
    public S3Xml Element(string name, bool value) => Element(name, value ? "true" : "false");

    /// <summary>Writes a time, to the millisecond.</summary>
    public S3Xml Element(string name, DateTimeOffset value) => Element(name, FormatTime(value));

    /// <summary>Writes an element that was read from a request, with all that is in it.</summary>
    public S3Xml Element(XmlElement element)
    {
        Open(element.Name, [.. element.Attributes]);
        Text(element.Text);
        foreach (var child in element.Children)
            Element(child);
        return Close();
    }

    /// <summary>Closes what is open and gives the bytes.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        while (_open.Count > 0)
            Close();
        return _out.WrittenMemory;
    }

    /// <summary>A time as answers have it.</summary>
    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>Writes text into the element that was opened last.</summary>
    public void Text(ReadOnlySpan<char> text)
    {
        while (true)
        {
            var special = text.IndexOfAny(_special);
            Raw(special < 0 ? text : text[..special]);
            if (special < 0)
                return;
            Raw(text[special] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                var other => $"&#x{(int)other:X};",
            });
            text = text[(special + 1)..];
        }
    }

    private void Raw(ReadOnlySpan<char> text)
    {
        var span = _out.GetSpan(Math.Max(TagBytesMax, Encoding.UTF8.GetMaxByteCount(text.Length)));
        _out.Advance(Encoding.UTF8.GetBytes(text, span));
    }
}
