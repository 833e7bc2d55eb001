using System.Xml;
using Skep.S3.Errors;

namespace Skep.S3.Xml;

/// <summary>Reads a request's document: no DTD, no entities, bounded in bytes, depth and number of elements.</summary>
internal static class XmlDocumentReader
{
    /// <summary>Longest document: 10,000 parts with their checksums are less.</summary>
    public const int BytesMax = 4 * 1024 * 1024;

    private const int DepthMax = 16;
    private const int ElementsMax = 120_000;

    private static readonly XmlReaderSettings _settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = BytesMax,
        MaxCharactersFromEntities = 1_024,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <summary>Reads a document.</summary>
    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static XmlElement Read(ReadOnlyMemory<byte> document)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(document.ToArray(), writable: false), _settings);
            return Read(reader);
        }
        catch (XmlException ex)
        {
            throw S3Errors.MalformedXml(ex.Message);
        }
    }

    private static XmlElement Read(XmlReader reader)
    {
        var open = new Stack<XmlElement>();
        var count = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (open.Count >= DepthMax || ++count > ElementsMax)
                        throw S3Errors.MalformedXml($"deeper than {DepthMax} or more than {ElementsMax} elements");
                    var element = new XmlElement(reader.LocalName);
                    if (open.TryPeek(out var parent))
                        parent.Add(element);
                    var isEmpty = reader.IsEmptyElement;
                    ReadAttributes(reader, element);
                    if (!isEmpty)
                        open.Push(element);
                    else if (open.Count == 0)
                        return element;
                    break;
                case XmlNodeType.EndElement:
                    if (open.Pop() is var closed && open.Count == 0)
                        return closed;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    if (open.TryPeek(out var owner))
                        owner.AddText(reader.Value);
                    break;
            }
        }

        throw S3Errors.MalformedXml("it is empty");
    }

    private static void ReadAttributes(XmlReader reader, XmlElement element)
    {
        while (reader.MoveToNextAttribute())
        {
            // Default namespaces are forgotten with the names'.
            if (reader.Name != "xmlns")
                element.AddAttribute(reader.Name, reader.Value);
        }
    }
}
