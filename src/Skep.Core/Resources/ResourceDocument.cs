using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skep.Core.Resources;

/// <summary>Reads and writes parts of resource documents without knowing their kind.</summary>
public static class ResourceDocument
{
    /// <summary>Documents nest at most this deep; deeper ones are refused when they are read.</summary>
    public const int DepthMax = 64;

    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions _readOptions = new() { MaxDepth = DepthMax };

    /// <summary>Parses a document into nodes that the caller may change.</summary>
    /// <exception cref="ResourceException">Reason BadRequest when it is not a JSON object.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> json)
    {
        try
        {
            var node = JsonNode.Parse(json, documentOptions: _readOptions);
            return node as JsonObject ?? throw new ResourceException(ResourceError.BadRequest, "the document must be a JSON object");
        }
        catch (JsonException ex)
        {
            throw new ResourceException(ResourceError.BadRequest, $"the document is not valid JSON: {ex.Message}");
        }
    }

    /// <summary>Writes nodes as UTF-8.</summary>
    public static byte[] ToBytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, _writerOptions))
            node.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Puts a document in canonical form: apiVersion, kind, metadata first, no whitespace, no
    /// <c>metadata.resourceVersion</c>. The offset is where <see cref="Stamp"/> inserts the revision.
    /// </summary>
    public static (byte[] Body, int RevisionOffset) Canonicalize(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, _readOptions);
        var root = document.RootElement;
        var buffer = new ArrayBufferWriter<byte>(json.Length + 16);
        int offset;
        using (var writer = new Utf8JsonWriter(buffer, _writerOptions))
        {
            writer.WriteStartObject();
            CopyMember(writer, root, "apiVersion");
            CopyMember(writer, root, "kind");
            writer.WritePropertyName("metadata");
            writer.WriteStartObject();
            writer.Flush();
            offset = buffer.WrittenCount;
            foreach (var member in root.GetProperty("metadata").EnumerateObject())
            {
                if (!member.NameEquals("resourceVersion"))
                    member.WriteTo(writer);
            }

            writer.WriteEndObject();
            foreach (var member in root.EnumerateObject())
            {
                if (!member.NameEquals("apiVersion") && !member.NameEquals("kind") && !member.NameEquals("metadata"))
                    member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return (buffer.WrittenSpan.ToArray(), offset);
    }

    /// <summary>Inserts the revision into a canonical document.</summary>
    public static byte[] Stamp(ReadOnlySpan<byte> body, int revisionOffset, long revision)
    {
        ReadOnlySpan<byte> before = "\"resourceVersion\":\""u8;
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(revision, digits, out var digitCount);
        // Metadata always has a name, so a member follows and the comma is right.
        ReadOnlySpan<byte> after = "\","u8;
        var result = new byte[body.Length + before.Length + digitCount + after.Length];
        var target = result.AsSpan();
        body[..revisionOffset].CopyTo(target);
        target = target[revisionOffset..];
        before.CopyTo(target);
        digits[..digitCount].CopyTo(target[before.Length..]);
        after.CopyTo(target[(before.Length + digitCount)..]);
        body[revisionOffset..].CopyTo(target[(before.Length + digitCount + after.Length)..]);
        return result;
    }

    /// <summary>Reads the metadata member alone.</summary>
    public static ObjectMeta ReadMetadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata)
                return JsonSerializer.Deserialize(ref reader, CoreJson.Default.ObjectMeta) ?? new ObjectMeta();
            reader.Skip();
        }

        return new ObjectMeta();
    }

    private static void CopyMember(Utf8JsonWriter writer, JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var value))
            return;
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }
}
