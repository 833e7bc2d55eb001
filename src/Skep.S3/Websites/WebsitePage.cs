using System.Net;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Skep.S3.Errors;

namespace Skep.S3.Websites;

/// <summary>The page that says what went wrong. Everything that comes from the request or the store is escaped.</summary>
internal static class WebsitePage
{
    /// <summary>Writes it.</summary>
    public static byte[] Write(S3Exception error, string requestId)
    {
        var title = $"{error.Status} {ReasonPhrases.GetReasonPhrase(error.Status)}";
        var page = new StringBuilder($"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n");
        Item(page, "Code", error.Code);
        Item(page, "Message", error.Message);
        foreach (var (name, value) in error.Details)
            Item(page, name, value);
        Item(page, "RequestId", requestId);
        page.Append("</ul>\n</body>\n</html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void Item(StringBuilder page, string name, string value) =>
        page.Append("<li>").Append(WebUtility.HtmlEncode(name)).Append(": ").Append(WebUtility.HtmlEncode(value)).Append("</li>\n");
}
