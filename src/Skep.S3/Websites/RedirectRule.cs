namespace Skep.S3.Websites;

/// <summary>A routing rule of a website: which requests it is about, and where it sends them.</summary>
internal sealed record RedirectRule
{
    /// <summary>How keys begin that it is about; null for all.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>The error that it is about; null for before it is known whether there is one.</summary>
    public int? ErrorCode { get; init; }

    /// <summary>The host to go to; null for the same.</summary>
    public string? HostName { get; init; }

    /// <summary>http or https; null for the same.</summary>
    public string? Protocol { get; init; }

    /// <summary>What takes the place of <see cref="KeyPrefix"/>; null to keep it.</summary>
    public string? ReplaceKeyPrefixWith { get; init; }

    /// <summary>The key in place of the one asked for; null to keep it.</summary>
    public string? ReplaceKeyWith { get; init; }

    /// <summary>The status of the redirect.</summary>
    public int Status { get; init; } = 301;

    /// <summary>Whether it is about a request.</summary>
    /// <param name="key">The key asked for.</param>
    /// <param name="error">What came of it; null before that is known.</param>
    public bool Matches(string key, int? error) => ErrorCode == error && (KeyPrefix is null || key.StartsWith(KeyPrefix, StringComparison.Ordinal));

    /// <summary>Where it sends a request that it is about.</summary>
    public string Location(string key, string scheme, string host)
    {
        // The configuration may say where a query begins; a key means itself.
        var path = ReplaceKeyWith is { } replacement ? WebsiteUrl.Encode(replacement)
            : ReplaceKeyPrefixWith is { } prefix ? WebsiteUrl.Encode(prefix) + WebsiteUrl.EncodeKey(key[(KeyPrefix?.Length ?? 0)..])
            : WebsiteUrl.EncodeKey(key);
        return WebsiteUrl.Absolute(Protocol ?? scheme, HostName ?? host, path);
    }
}
