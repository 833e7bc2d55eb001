namespace Skep.Compute.Images.Debian;

/// <summary>
/// Where a Debian release is installed from: the mirrors that the host itself uses for Debian, so that a build needs no
/// other way out than the host has, and nothing of the host's other sources ends up in the image.
/// </summary>
internal static class DebianSources
{
    private const string DefaultMirror = "http://deb.debian.org/debian";
    private const string DefaultSecurityMirror = "http://deb.debian.org/debian-security";

    /// <summary>One-line sources (sources.list(5)) of a release, its updates and its security updates.</summary>
    public static async Task<IReadOnlyList<string>> ForSuiteAsync(BuildTools tools, string suite, CancellationToken ct)
    {
        var targets = await tools.RunAsync("apt-get", ["indextargets", "--format", "$(REPO_URI)|$(CODENAME)|$(ORIGIN)", "Created-By: Packages"], ct);
        return Choose(targets, suite);
    }

    /// <summary>Chooses from the lines "uri|codename|origin" that apt knows.</summary>
    internal static IReadOnlyList<string> Choose(string targets, string suite)
    {
        string? mirror = null, security = null;
        foreach (var line in targets.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split('|') is not [var uri, var codename, "Debian"])
                continue;
            if (codename.EndsWith("-security", StringComparison.Ordinal))
                security ??= uri.TrimEnd('/');
            else if (!codename.Contains("backports", StringComparison.Ordinal))
                mirror ??= uri.TrimEnd('/');
        }

        mirror ??= DefaultMirror;
        security ??= DefaultSecurityMirror;
        return [$"deb {mirror} {suite} main", $"deb {mirror} {suite}-updates main", $"deb {security} {suite}-security main"];
    }
}
