using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skep.Cli.Output;

/// <summary>JSON for people and jq: indented, no needless escapes.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions _indented = new()
    {
        Indented = true,
        // The output is a terminal or a file, never a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The document, indented, with a final newline.</summary>
    public static string Render(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, _indented))
            node.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    /// <summary>The document on one line, as bytes for a request.</summary>
    public static byte[] Utf8(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            node.WriteTo(writer);
        return buffer.ToArray();
    }
}
