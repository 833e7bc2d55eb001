using System.Net;
using System.Xml;

namespace Skep.Core.S3Client;

/// <summary>What an S3 server says of a request that it did not do: HTTP status, S3's code and a sentence (REST API, "Error responses").</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">S3's code; empty when the answer has no error document.</param>
/// <param name="Message">Its sentence.</param>
public sealed record S3Failure(HttpStatusCode Status, string Code, string Message)
{
    private const int DocumentBytesMax = 65_536;
    private const int TextLengthMax = 512;

    /// <summary>For messages: "403 AccessDenied: You may not".</summary>
    public string Text => $"{(int)Status}{(Code.Length > 0 ? " " + Code : "")}{(Message.Length > 0 ? ": " + Message : "")}";

    /// <summary>Reads the error document of an answer, as far as there is one.</summary>
    public static async Task<S3Failure> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var (code, message) = ("", "");
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(ct);
            var document = new byte[DocumentBytesMax];
            var length = await body.ReadAtLeastAsync(document, document.Length, throwOnEndOfStream: false, ct);
            (code, message) = Parse(document.AsMemory(0, length));
        }
        catch (XmlException)
        {
            // Not an S3 server's answer (a proxy's page, say): the status says what there is to say.
        }

        return new S3Failure(response.StatusCode, code, message);
    }

    /// <summary>Reads an error document; both texts are empty where there is none.</summary>
    /// <exception cref="XmlException">It is no XML.</exception>
    public static (string Code, string Message) Parse(ReadOnlyMemory<byte> document)
    {
        var (code, message) = ("", "");
        if (document.IsEmpty)
            return (code, message);
        using var reader = S3Documents.Open(document);
        var depth = 0;
        while (!reader.EOF)
        {
            if (reader.NodeType != XmlNodeType.Element || ++depth == 1)
            {
                reader.Read();
                continue;
            }

            var name = reader.LocalName;
            if (name is "Code" or "Message")
            {
                var text = reader.ReadElementContentAsString();
                text = text.Length <= TextLengthMax ? text : text[..TextLengthMax] + "…";
                (code, message) = name == "Code" ? (text, message) : (code, text);
            }
            else
            {
                reader.Skip();
            }
        }

        return (code, message);
    }
}
