namespace Skep.S3.Documents;

/// <summary>A rule: which origins may send which requests, and what they may see of the answer.</summary>
internal sealed record CorsRule(
    IReadOnlyList<string> Origins, IReadOnlyList<string> Methods, IReadOnlyList<string> Headers, IReadOnlyList<string> Exposed, string? MaxAgeSeconds)
{
    /// <summary>Whether the rule lets an origin use a method with all of the headers.</summary>
    public bool Allows(string origin, string method, IEnumerable<string> headers) =>
        Methods.Contains(method)
        && Origins.Any(o => Matches(o, origin, StringComparison.Ordinal))
        && headers.All(h => Headers.Any(pattern => Matches(pattern, h, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether any origin is allowed, so that the answer need not name the one.</summary>
    public bool AllowsAnyOrigin => Origins.Contains("*");

    private static bool Matches(string pattern, string text, StringComparison comparison)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        return star < 0
            ? pattern.Equals(text, comparison)
            : text.Length >= pattern.Length - 1 && text.StartsWith(pattern[..star], comparison) && text.EndsWith(pattern[(star + 1)..], comparison);
    }
}
