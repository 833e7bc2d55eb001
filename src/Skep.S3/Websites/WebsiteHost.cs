namespace Skep.S3.Websites;

/// <summary>Names of hosts that show buckets as websites: BUCKET.s3-website.DOMAIN.</summary>
internal static class WebsiteHost
{
    private const string Label = ".s3-website.";

    /// <summary>The bucket that a host name shows; null for other names.</summary>
    /// <param name="host">The Host header.</param>
    /// <param name="domains">The domains of the service.</param>
    public static string? BucketOf(string host, IReadOnlyList<string> domains)
    {
        var colon = host.LastIndexOf(':');
        var name = colon > host.LastIndexOf(']') ? host[..colon] : host;
        foreach (var domain in domains)
        {
            var suffix = Label + domain;
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                return name[..^suffix.Length].ToLowerInvariant();
        }

        return null;
    }
}
