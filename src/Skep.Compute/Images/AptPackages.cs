namespace Skep.Compute.Images;

/// <summary>
/// Packages of the distribution, downloaded and verified by apt with the host's own sources and keys, and unpacked.
/// Nothing is installed on the host and no rights are needed.
/// </summary>
internal sealed class AptPackages(BuildTools tools)
{
    private static readonly TimeSpan _downloadTimeout = TimeSpan.FromMinutes(30);

    // Downloads are verified by signature and checksum whoever does them; the sandbox user could not write in our directory.
    private static readonly string[] _options = ["-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"];

    /// <summary>The package that another one, such as linux-image-cloud-amd64, stands for.</summary>
    /// <exception cref="ImageBuildException">apt does not know it.</exception>
    public async Task<string> ResolveAsync(string metapackage, string prefix, CancellationToken ct)
    {
        var output = await tools.RunAsync("apt-cache", ["depends", "--important", metapackage], ct);
        foreach (var line in output.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith($"Depends: {prefix}", StringComparison.Ordinal))
                return line["Depends: ".Length..];
        }

        throw new ImageBuildException($"package {metapackage} is not known to apt here: the build needs Debian's package sources and a run of `apt update`");
    }

    /// <summary>Downloads packages alone, without what they depend on.</summary>
    public Task DownloadAsync(string target, IReadOnlyList<string> packages, CancellationToken ct)
    {
        Directory.CreateDirectory(tools.PathOf(target));
        return tools.RunAsync("env", ["-C", tools.PathOf(target), "apt-get", "download", .. _options, .. packages], _downloadTimeout, ct);
    }

    /// <summary>Downloads packages and everything they depend on, whatever the host has installed.</summary>
    public Task DownloadWithDependenciesAsync(string target, IReadOnlyList<string> packages, CancellationToken ct)
    {
        Directory.CreateDirectory(tools.PathOf(target, "partial"));
        var status = tools.PathOf("dpkg-status");
        File.WriteAllBytes(status, []); // as if nothing were installed
        return tools.RunAsync(
            "apt-get",
            [
                "install", "--download-only", "--yes", "--no-install-recommends", .. _options,
                "-o", $"Dir::State::status={status}", "-o", $"Dir::Cache::archives={tools.PathOf(target)}", "-o", "Debug::NoLocking=1", .. packages,
            ],
            _downloadTimeout, ct);
    }

    /// <summary>Unpacks every package of a directory into another, over each other.</summary>
    public async Task UnpackAsync(string source, string target, CancellationToken ct)
    {
        Directory.CreateDirectory(tools.PathOf(target));
        foreach (var package in Directory.GetFiles(tools.PathOf(source), "*.deb").Order(StringComparer.Ordinal))
            await tools.RunAsync("dpkg-deb", ["--extract", package, tools.PathOf(target)], ct);
    }
}
