using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Patches;

/// <summary>JSON Pointer (RFC 6901).</summary>
internal static class JsonPointer
{
    /// <summary>The unescaped parts of a pointer; none for the whole document.</summary>
    public static string[] Parse(string pointer)
    {
        if (pointer.Length == 0)
            return [];
        if (pointer[0] != '/')
            throw ApiErrors.BadRequest($"JSON pointer \"{ApiRequest.Shorten(pointer)}\" must begin with '/'");
        var parts = pointer[1..].Split('/');
        for (var i = 0; i < parts.Length; i++)
            parts[i] = parts[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        return parts;
    }
}
