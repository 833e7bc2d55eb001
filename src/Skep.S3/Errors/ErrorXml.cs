using Skep.S3.Xml;

namespace Skep.S3.Errors;

/// <summary>The error document (API reference, "Error Responses"): no namespace, details between message and resource.</summary>
internal static class ErrorXml
{
    /// <summary>Writes it.</summary>
    public static ReadOnlyMemory<byte> Write(S3Exception error, string resource, string requestId)
    {
        var xml = new S3Xml("Error", xmlNamespace: null).Element("Code", error.Code).Element("Message", error.Message);
        foreach (var (name, value) in error.Details)
            xml.Element(name, value);
        return xml.Element("Resource", resource).Element("RequestId", requestId).Element("HostId", requestId).Finish();
    }
}
