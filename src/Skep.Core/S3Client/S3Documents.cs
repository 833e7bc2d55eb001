using System.Runtime.InteropServices;
using System.Xml;

namespace Skep.Core.S3Client;

/// <summary>Opens the XML documents of S3's REST API. Document types, entities and references to elsewhere are refused.</summary>
public static class S3Documents
{
    private static readonly XmlReaderSettings _settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreWhitespace = true,
    };

    /// <summary>Opens a document.</summary>
    public static XmlReader Open(ReadOnlyMemory<byte> document)
    {
        var stream = MemoryMarshal.TryGetArray(document, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(document.ToArray(), writable: false);
        return XmlReader.Create(stream, _settings);
    }
}
