using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;

namespace Skep.Kubernetes.Requests;

/// <summary>A request on resources of one kind, as its path and method say. Options are read from the query by those who need them.</summary>
internal sealed class ApiRequest
{
    public required HttpContext Http { get; init; }
    public required Principal Principal { get; init; }
    public required Kind Kind { get; init; }

    /// <summary>The namespace of the path; null when it names none (cluster-scoped kinds, or all namespaces).</summary>
    public required string? Namespace { get; init; }

    /// <summary>The name of the path, "" for the collection.</summary>
    public required string Name { get; init; }

    /// <summary>"status", or null for the resource itself.</summary>
    public required string? Subresource { get; init; }

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>The key that the path names.</summary>
    public ResourceKey Key => Kind.Key(Namespace ?? "", Name);

    /// <summary>A query parameter, "" when absent. Given twice, the first counts.</summary>
    public string Query(string name) => Http.Request.Query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] ?? "" : "";

    /// <summary>A boolean query parameter; null when absent.</summary>
    public bool? QueryFlag(string name) => Query(name) switch
    {
        "" => Http.Request.Query.ContainsKey(name) ? true : null,
        "true" or "1" or "True" or "TRUE" or "t" => true,
        "false" or "0" or "False" or "FALSE" or "f" => false,
        var other => throw ApiErrors.BadRequest($"query parameter {name} must be true or false, not \"{Shorten(other)}\""),
    };

    /// <summary>A non-negative whole query parameter; null when absent or empty.</summary>
    public long? QueryNumber(string name)
    {
        var text = Query(name);
        if (text.Length == 0)
            return null;
        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var value)
            ? value
            : throw ApiErrors.BadRequest($"query parameter {name} must be a non-negative whole number, not \"{Shorten(text)}\"");
    }

    /// <summary>Whether nothing is to be stored (dryRun=All).</summary>
    public bool IsDryRun
    {
        get
        {
            if (!Http.Request.Query.TryGetValue("dryRun", out var values))
                return false;
            foreach (var value in values)
            {
                if (value is not ("All" or "" or null))
                    throw ApiErrors.InvalidOptions("PatchOptions", "dryRun", $"\"{Shorten(value)}\": supported values: \"All\"", "FieldValueNotSupported");
            }

            return values.Any(v => v == "All");
        }
    }

    /// <summary>Cuts text that goes into a message.</summary>
    public static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
