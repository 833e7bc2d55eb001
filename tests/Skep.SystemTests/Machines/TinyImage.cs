using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Skep.SystemTests.Machines;

/// <summary>
/// The file that <c>skep image build tiny</c> makes. It is kept in the user's cache under a name made of what it is built
/// from, because a build takes a minute and needs the distribution's packages.
/// </summary>
internal static class TinyImage
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(10);

    /// <summary>Its path; the test is skipped when it cannot be built here.</summary>
    public static async Task<string> EnsureAsync(CancellationToken ct)
    {
        var cache = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "skep-test");
        var path = Path.Combine(cache, $"tiny-{Inputs()}.qcow2");
        if (File.Exists(path))
            return path;
        Directory.CreateDirectory(cache);
        Assert.SkipUnless(HostSandbox.IsInstalled("mmdebstrap") && HostSandbox.IsInstalled("apt-get"), "the tiny image is built with mmdebstrap and apt-get");

        // On the machine's own network, where the packages are; nothing is run on this cloud.
        var root = Directory.CreateTempSubdirectory("skep-tiny-").FullName;
        var data = Path.Combine(root, "data");
        try
        {
            var up = await SkepProgram.RunAsync(ct, "up", "--listen", "127.0.0.1:0", "--detach", "--data", data);
            Assert.True(up.ExitCode == 0, up.Error);
            using var build = SkepProgram.Start(SkepProgram.Path, ["image", "build", "tiny", "--data", data], new Dictionary<string, string>());
            var output = build.StandardOutput.ReadToEndAsync(ct);
            var error = build.StandardError.ReadToEndAsync(ct);
            await build.WaitForExitAsync(ct).WaitAsync(_timeout, ct);
            Assert.SkipUnless(build.ExitCode == 0, $"the tiny image cannot be built here: {await error}");
            var temporary = $"{path}.{Environment.ProcessId}";
            File.Copy(Path.Combine(data, "images", $"{(await output).Trim()}.qcow2"), temporary, overwrite: true);
            File.Move(temporary, path, overwrite: true);
            return path;
        }
        finally
        {
            await SkepProgram.RunAsync(CancellationToken.None, "down", "--purge", "--yes", "--data", data);
            Directory.Delete(root, recursive: true);
        }
    }

    private static string Inputs([CallerFilePath] string here = "")
    {
        var builder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/Skep.Compute/Images"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(builder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
