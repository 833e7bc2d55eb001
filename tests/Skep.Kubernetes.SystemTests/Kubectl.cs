using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Skep.Kubernetes.Tests;
using Skep.Linux;

namespace Skep.Kubernetes.SystemTests;

/// <summary>One kubectl program, its home in a temporary directory, and the API it speaks to.</summary>
public sealed class Kubectl(string program, ApiHost api) : IAsyncDisposable
{
    private readonly CommandRunner _runner = new(TimeProvider.System);

    /// <summary>A directory for manifests; also HOME, so that nobody's configuration and no discovery cache is used.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("skep-kubectl-").FullName;

    /// <summary>Writes a file and returns its path.</summary>
    public string WriteFile(string name, string content)
    {
        var path = Path.Combine(Directory, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs kubectl whatever comes of it. Arguments are split at spaces.</summary>
    public async Task<CommandResult> RunAsync(string arguments, params string[] more)
    {
        string[] all = ["--server=" + api.Address, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. more];
        return await _runner.RunAsync(
            new Command(program, all) { WorkingDirectory = Directory, Environment = Environment, Timeout = TimeSpan.FromMinutes(1) },
            TestContext.Current.CancellationToken);
    }

    /// <summary>Runs kubectl, which must succeed; its output without the last line end.</summary>
    public async Task<string> CheckAsync(string arguments, params string[] more)
    {
        var result = await RunAsync(arguments, more);
        Assert.True(result.IsSuccess, $"kubectl {arguments} {string.Join(' ', more)} exited with {result.ExitCode}: {result.Error}{result.Output}");
        return result.Output.TrimEnd('\n');
    }

    /// <summary>Runs kubectl, which must fail; what it says.</summary>
    public async Task<string> FailAsync(string arguments, params string[] more)
    {
        var result = await RunAsync(arguments, more);
        Assert.False(result.IsSuccess, $"kubectl {arguments} succeeded: {result.Output}");
        return result.Error;
    }

    /// <summary>Starts kubectl and yields the lines it prints; it is killed when the reader has had enough.</summary>
    public async IAsyncEnumerable<string> LinesAsync(string arguments, [EnumeratorCancellation] CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, ["--server=" + api.Address, .. arguments.Split(' ')]) { RedirectStandardOutput = true, WorkingDirectory = Directory };
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        process.Start();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
                yield return line;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync()
    {
        System.IO.Directory.Delete(Directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>The version of a kubectl, or null when there is no such program.</summary>
    public static async Task<Version?> VersionOfAsync(string program)
    {
        try
        {
            var result = await new CommandRunner(TimeProvider.System).CheckAsync(new Command(program, "version", "--client", "-o", "json"), TestContext.Current.CancellationToken);
            var text = (string)JsonNode.Parse(result.Output)!["clientVersion"]!["gitVersion"]!;
            return Version.Parse(new StringBuilder(text.TrimStart('v').Split('-', '+')[0]).ToString());
        }
        catch (CommandException)
        {
            return null;
        }
    }

    private Dictionary<string, string> Environment => new()
    {
        ["HOME"] = Directory,
        ["KUBECONFIG"] = Path.Combine(Directory, "no-config"),
        ["KUBE_EDITOR"] = Path.Combine(Directory, "editor"),
    };
}
