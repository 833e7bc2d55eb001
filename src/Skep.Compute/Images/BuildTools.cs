using System.Text;
using Skep.Linux;

namespace Skep.Compute.Images;

/// <summary>Runs the tools of a build: in its directory, without questions, and with their failures in words.</summary>
internal sealed class BuildTools(CommandRunner runner, string directory)
{
    /// <summary>For tools that work on files at hand.</summary>
    private static readonly TimeSpan _localTimeout = TimeSpan.FromMinutes(10);

    private static readonly Dictionary<string, string> _environment = new()
    {
        ["DEBIAN_FRONTEND"] = "noninteractive",
        ["LC_ALL"] = "C.UTF-8",
        // Tools of administrators are outside an ordinary user's path on Debian.
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    };

    /// <summary>Which package to install for a tool that is missing.</summary>
    private static readonly Dictionary<string, string> _packages = new()
    {
        ["apt-get"] = "apt", ["dpkg-deb"] = "dpkg", ["mke2fs"] = "e2fsprogs", ["mkfs.vfat"] = "dosfstools", ["mcopy"] = "mtools",
        ["mmd"] = "mtools", ["sfdisk"] = "fdisk", ["mmdebstrap"] = "mmdebstrap", ["qemu-img"] = "qemu-utils",
    };

    /// <summary>The directory that everything happens in.</summary>
    public string Directory => directory;

    /// <summary>A path in the build's directory.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([directory, .. parts]);

    /// <summary>Runs a tool and returns what it printed.</summary>
    public Task<string> RunAsync(string tool, IReadOnlyList<string> arguments, CancellationToken ct) => RunAsync(tool, arguments, _localTimeout, ct);

    /// <summary>Runs a tool that may take its time.</summary>
    public Task<string> RunAsync(string tool, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct) =>
        RunAsync(tool, arguments, input: "", timeout, ct);

    /// <summary>Runs a tool that reads what it is to do from standard input.</summary>
    public Task<string> RunWithInputAsync(string tool, IReadOnlyList<string> arguments, string input, CancellationToken ct) =>
        RunAsync(tool, arguments, input, _localTimeout, ct);

    private async Task<string> RunAsync(string tool, IReadOnlyList<string> arguments, string input, TimeSpan timeout, CancellationToken ct)
    {
        RequireTool(tool);
        try
        {
            var result = await runner.CheckAsync(
                new Command(tool, [.. arguments])
                {
                    WorkingDirectory = directory,
                    Environment = _environment,
                    Timeout = timeout,
                    Input = Encoding.UTF8.GetBytes(input),
                },
                ct);
            return result.Output;
        }
        catch (CommandException ex)
        {
            throw new ImageBuildException(Shorten(ex.Message), ex);
        }
    }

    /// <summary>Fails with the package to install when a tool is not on this machine.</summary>
    /// <exception cref="ImageBuildException">The tool is missing.</exception>
    public static void RequireTool(string tool)
    {
        if (tool.StartsWith('/') || _environment["PATH"].Split(':').Any(folder => File.Exists(System.IO.Path.Combine(folder, tool))))
            return;
        throw new ImageBuildException($"{tool} is not installed; install it with `apt install {_packages.GetValueOrDefault(tool, tool)}`");
    }

    /// <summary>The end of a long message: tools say what broke last.</summary>
    private static string Shorten(string message) => message.Length <= 2000 ? message : $"{message[..500]} … {message[^1500..]}";
}
