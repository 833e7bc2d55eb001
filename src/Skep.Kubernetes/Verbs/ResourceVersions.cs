using System.Globalization;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Verbs;

/// <summary>Reads resourceVersion parameters.</summary>
internal static class ResourceVersions
{
    /// <summary>The revision asked for; null when none was.</summary>
    /// <exception cref="ApiException">400: not a resource version.</exception>
    public static long? Parse(string text)
    {
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : throw ApiErrors.BadRequest($"invalid resource version \"{ApiRequest.Shorten(text)}\": it must be a whole number");
    }
}
