using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Vm;

/// <summary>How to log in to a machine.</summary>
internal sealed record SshTarget(string InstanceId, string Address, string User, string? IdentityFile, string KnownHosts)
{
    private const int Port = 22;
    private const string UserDefault = "root";
    private static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _loginTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(2);

    /// <summary>How long a first boot may take: minutes where the processor is emulated.</summary>
    public static readonly TimeSpan WaitDefault = TimeSpan.FromMinutes(15);

    /// <summary>The command line for a person to copy.</summary>
    public string CommandLine => $"ssh {string.Join(' ', Arguments([]).Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"'{a}'" : a))}";

    /// <summary>Finds out how to log in to a machine.</summary>
    /// <exception cref="CliException">There is nothing to log in to.</exception>
    public static async Task<SshTarget> OfAsync(CliContext context, SkepClient client, JsonObject instance, string? user, string? identityFile, CancellationToken ct)
    {
        if (client.Files.IsSimulated || instance.TextAt("status.acceleration") == "simulated")
            throw new CliException($"{VmList.DisplayName(instance)} is simulated: there is nothing to log in to");
        if (instance.TextAt("status.privateIpAddress") is not { Length: > 0 } address)
            throw new CliException($"{VmList.DisplayName(instance)} has no address: it is {VmList.StateOf(instance)}{VmWait.ReasonOf(instance)}");
        var keys = new KeyRing(context, client);
        var image = await client.Resources.FindAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, instance.TextAt("spec.imageId") ?? "-", ct);
        return new SshTarget(
            instance.Name(),
            address,
            user ?? (image.TextAt("spec.defaultUser") is { Length: > 0 } own ? own : UserDefault),
            identityFile ?? keys.PrivateKeyOf(instance.TextAt("spec.keyName")),
            keys.KnownHostsOf(instance.Name()));
    }

    /// <summary>ssh's arguments; <paramref name="command"/> empty means a shell.</summary>
    public IReadOnlyList<string> Arguments(IReadOnlyList<string> command, params IReadOnlyList<string> options)
    {
        // Addresses are used again by later machines: each machine's host key is kept in a file of its own, taken on the
        // first connection, which goes no further than the host's own network namespaces.
        List<string> arguments =
        [
            "-o", $"UserKnownHostsFile={KnownHosts}", "-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=30", .. options,
        ];
        if (IdentityFile is not null)
            arguments.AddRange(["-o", "IdentitiesOnly=yes", "-i", IdentityFile]);
        arguments.Add($"{User}@{Address}");
        if (command.Count > 0)
            arguments.AddRange(["--", .. command]);
        return arguments;
    }

    /// <summary>Waits until a login works, showing what the machine writes on its console meanwhile.</summary>
    /// <exception cref="CliException">The machine ended, or the time is over.</exception>
    public async Task WaitAsync(CliContext context, SkepClient client, string displayName, TimeSpan timeout, CancellationToken ct)
    {
        await using var progress = context.StartProgress($"Waiting for SSH on {displayName}");
        using var deadline = new Deadline(context.Time, timeout, ct);
        var console = new ConsoleLog(client.Files.DataDirectory, InstanceId);
        var last = "nothing answered";
        await deadline.RunAsync(() => $"SSH on {displayName} ({Address}): {last}", async token =>
        {
            while (true)
            {
                // The last console line tells more than "connection refused" while the machine boots.
                progress.Report(console.Exists && context.Style.IsTerminal ? console.LastLine() : "");
                last = await TryAsync(context, token);
                if (last.Length == 0)
                    return;
                var instance = await client.Resources.FindAsync(ApiResource.Instances, ResourceOptions.NamespaceDefault, InstanceId, token);
                if (instance is null || VmList.StateOf(instance) is not ("running" or "pending"))
                    throw new CliException($"{displayName} is {(instance is null ? "gone" : VmList.StateOf(instance) + VmWait.ReasonOf(instance))}", ExitCode.Failure, $"`skep vm logs {InstanceId}` shows what it wrote on its console.");
                await Task.Delay(_interval, context.Time, token);
            }
        });
        progress.Done($"{displayName} answers SSH at {Address}");
    }

    /// <summary>Logs in once and runs <c>true</c>. Returns "" when that worked, else why not.</summary>
    private async Task<string> TryAsync(CliContext context, CancellationToken ct)
    {
        if (await ProbeAsync(context.Time, ct) is { Length: > 0 } refusal)
            return refusal;
        var arguments = Arguments(["true"], "-o", "BatchMode=yes");
        var result = await context.Programs.RunAsync("ssh", arguments, _loginTimeout, ct);
        var said = result.Error.Trim();
        return result.ExitCode == 0 ? "" : said.Length > 0 ? said.Split('\n')[^1] : $"ssh exited with {result.ExitCode}";
    }

    // Asking for the banner is much cheaper than starting ssh, and there may be minutes of it.
    private async Task<string> ProbeAsync(TimeProvider time, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(_connectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(Address, Port, either.Token);
            var banner = new byte[4];
            var count = await socket.ReceiveAsync(banner, either.Token);
            return Encoding.ASCII.GetString(banner, 0, count) == "SSH-" ? "" : "port 22 is open but speaks no SSH";
        }
        catch (SocketException ex)
        {
            return ex.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"no answer within {_connectTimeout.TotalSeconds:0} s";
        }
    }
}
