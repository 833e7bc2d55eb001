using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Skep.Cli.Output;

namespace Skep.Cli.Client;

/// <summary>Turns the server's error answers into failures of a verb.</summary>
internal static class ApiFailures
{
    /// <summary>A Kubernetes Status object, or whatever else came with an error code.</summary>
    public static CliException FromStatus(HttpStatusCode code, string body)
    {
        JsonNode? status = null;
        try
        {
            status = JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            // Not a Status: something in between answered. The text itself is shown below.
        }

        var message = status.TextAt("message") ?? (body.Trim() is { Length: > 0 and < 500 } text ? text : "no message");
        return status.TextAt("reason") switch
        {
            "NotFound" => new CliException(message, ExitCode.NotFound),
            "AlreadyExists" or "Conflict" => new CliException(message, ExitCode.Conflict),
            "Forbidden" or "Unauthorized" => new CliException(message, ExitCode.Denied),
            null => new CliException($"the daemon answered {(int)code} {code}: {message}", FromCode(code)),
            _ => new CliException(message, FromCode(code)),
        };
    }

    /// <summary>An error of an AWS Query protocol: <c>Error/Code</c> and <c>Error/Message</c> anywhere in the document.</summary>
    public static CliException FromAws(HttpStatusCode httpCode, string body)
    {
        XElement? error = null;
        try
        {
            error = XDocument.Parse(body).Descendants().FirstOrDefault(e => e.Name.LocalName == "Error");
        }
        catch (System.Xml.XmlException)
        {
            // As above.
        }

        if (error is null)
            return FromStatus(httpCode, body);
        var code = Text(error, "Code");
        return new AwsException(code, $"{Text(error, "Message")} ({code})", ExitOf(code, httpCode));
    }

    private static string Text(XElement parent, string name) =>
        parent.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";

    private static int ExitOf(string code, HttpStatusCode httpCode) => code switch
    {
        _ when code.EndsWith(".NotFound", StringComparison.Ordinal) || code.EndsWith(".Malformed", StringComparison.Ordinal) => ExitCode.NotFound,
        _ when code.EndsWith(".Duplicate", StringComparison.Ordinal) => ExitCode.Conflict,
        "UnauthorizedOperation" or "AuthFailure" or "AccessDenied" => ExitCode.Denied,
        _ => FromCode(httpCode),
    };

    private static int FromCode(HttpStatusCode code) => code switch
    {
        HttpStatusCode.NotFound => ExitCode.NotFound,
        HttpStatusCode.Conflict => ExitCode.Conflict,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.Denied,
        _ => ExitCode.Failure,
    };
}
