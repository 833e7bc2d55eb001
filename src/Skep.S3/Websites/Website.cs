namespace Skep.S3.Websites;

/// <summary>A bucket's website.</summary>
internal sealed record Website
{
    /// <summary>What is appended to keys that are empty or end with a slash; null where all is redirected.</summary>
    public string? IndexSuffix { get; init; }

    /// <summary>The object that errors show; null for a plain page.</summary>
    public string? ErrorKey { get; init; }

    /// <summary>Where all requests go; null for nowhere.</summary>
    public RedirectRule? RedirectAll { get; init; }

    /// <summary>The rules, the first that matches counts.</summary>
    public IReadOnlyList<RedirectRule> Rules { get; init; } = [];
}
