using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;

namespace Skep.Kubernetes.Requests;

/// <summary>The fieldValidation parameter: what happens to fields that the schema does not know or that occur twice.</summary>
internal static class FieldValidation
{
    /// <summary>Problems told to the client, and characters of each.</summary>
    private const int ProblemsMax = 20;
    private const int WarningLengthMax = 256;

    /// <summary>Warns about or refuses such fields. Unknown fields that the stored document has already are nobody's mistake.</summary>
    /// <exception cref="ApiException">400 when the parameter is Strict and there are any.</exception>
    public static void Apply(ApiRequest request, SchemaCatalog schemas, JsonObject document, IReadOnlyList<string> duplicates, JsonObject? stored)
    {
        var mode = request.Query("fieldValidation");
        if (mode is not ("" or "Ignore" or "Warn" or "Strict"))
            throw ApiErrors.InvalidOptions("CreateOptions", "fieldValidation", $"\"{ApiRequest.Shorten(mode)}\": supported values: \"Ignore\", \"Strict\", \"Warn\"", "FieldValueNotSupported");
        if (mode == "Ignore")
            return;
        var schema = schemas.Of(request.Kind);
        var unknown = FieldCheck.UnknownFields(document, schema);
        if (stored is not null && unknown.Count > 0)
            unknown = [.. unknown.Except(FieldCheck.UnknownFields(stored, schema))];
        var problems = duplicates.Select(d => $"duplicate field \"{d}\"").Concat(unknown.Select(u => $"unknown field \"{u}\"")).Take(ProblemsMax).Select(Cut).ToList();
        if (problems.Count == 0)
            return;
        if (mode == "Strict")
        {
            var kind = request.Kind;
            throw ApiErrors.BadRequest($"{kind.Name} in version \"{kind.Version}\" cannot be handled as a {kind.Name}: strict decoding error: {string.Join(", ", problems)}");
        }

        foreach (var problem in problems.Distinct())
            request.Http.Response.Headers.Append("Warning", $"299 - \"{Quotable(problem)}\"");
    }

    private static string Cut(string text) => text.Length <= WarningLengthMax ? text : text[..WarningLengthMax] + "…";

    // RFC 9111 section 5.5: a quoted string; header values are ASCII here.
    private static string Quotable(string text)
    {
        var result = new StringBuilder();
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                result.Append('\\');
            result.Append(c is >= ' ' and < '\x7f' ? c : '?');
        }

        return result.ToString();
    }
}
