using Skep.Linux;

namespace Skep.Kubernetes.SystemTests;

/// <summary>Finds the kubectls that tests run: a current one on this machine, and Debian's 1.20.</summary>
internal static class KubectlPrograms
{
    private static readonly SemaphoreSlim _once = new(1);

    /// <summary>A kubectl of at least 1.27, or the reason why there is none.</summary>
    public static async Task<(string? Program, string Reason)> FindCurrentAsync()
    {
        var version = await Kubectl.VersionOfAsync("kubectl");
        return version is { Major: 1, Minor: >= 27 }
            ? ("kubectl", "")
            : (null, $"needs a kubectl of at least 1.27 on the PATH, found {version?.ToString() ?? "none"}");
    }

    /// <summary>
    /// The kubectl of Debian's kubernetes-client: installed, or unpacked once into a cache without installing it.
    /// </summary>
    public static async Task<(string? Program, string Reason)> FindDebianAsync()
    {
        if (await Kubectl.VersionOfAsync("kubectl") is { Major: 1, Minor: 20 })
            return ("kubectl", "");
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return await UnpackDebianAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    private static async Task<(string? Program, string Reason)> UnpackDebianAsync()
    {
        var cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "skep-tests", "kubernetes-client");
        var program = Path.Combine(cache, "usr", "bin", "kubectl");
        if (File.Exists(program))
            return (program, "");
        var runner = new CommandRunner(TimeProvider.System);
        var ct = TestContext.Current.CancellationToken;
        var temporary = Directory.CreateTempSubdirectory("skep-kubectl-").FullName;
        try
        {
            await runner.CheckAsync(new Command("apt-get", "download", "kubernetes-client") { WorkingDirectory = temporary, Timeout = TimeSpan.FromMinutes(2) }, ct);
            var package = Directory.GetFiles(temporary, "kubernetes-client*.deb").Single();
            Directory.CreateDirectory(cache);
            await runner.CheckAsync(new Command("dpkg", "-x", package, cache), ct);
            return File.Exists(program) && await Kubectl.VersionOfAsync(program) is { Minor: 20 }
                ? (program, "")
                : (null, "the distribution's kubernetes-client is not 1.20");
        }
        catch (CommandException ex)
        {
            return (null, $"needs the distribution's kubernetes-client: {ex.Message}");
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }
}
