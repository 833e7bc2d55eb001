using System.CommandLine;
using System.Net.Sockets;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Terminal;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm console</c>: the serial console of a machine on this node.</summary>
internal static class VmConsoleCommand
{
    private const byte EscapeKey = 0x1d; // ctrl-], as telnet and virsh have it
    private const int BufferSize = 4096;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var vm = VmArguments.One(context);
        var verb = new Verb(
            "console",
            "Attach to a machine's serial console. Ctrl-] leaves it.",
            "skep vm console web",
            "echo 'echo hello' | skep vm console web   # type into it from a script")
        {
            vm,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var instance = (await VmList.LoadAsync(client, ct)).Find(parsed.GetRequiredValue(vm));
            var name = VmList.DisplayName(instance);
            if (VmList.StateOf(instance) != "running")
                throw new CliException($"{name} has no console: it is {VmList.StateOf(instance)}{VmWait.ReasonOf(instance)}", ExitCode.Failure, $"`skep vm logs {instance.Name()}` shows what it wrote.");
            var path = Path.Combine(client.Files.DataDirectory, "instances", instance.Name(), "console.sock");
            using var socket = await ConnectAsync(path, name, instance.TextAt("spec.nodeName"), client, ct);
            await context.Error.WriteLineAsync($"attached to {name}; ctrl-] leaves");
            using var input = Console.OpenStandardInput();
            using var output = Console.OpenStandardOutput();
            using (RawTerminal.TryEnter())
                await RelayAsync(socket, input, output, ct);
            await context.Error.WriteLineAsync();
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>Copies both ways until the machine hangs up, the input ends, or the escape key is typed.</summary>
    internal static async Task RelayAsync(Socket socket, Stream input, Stream output, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var fromMachine = CopyAsync(socket, output, end.Token);
        var toMachine = TypeAsync(input, socket, end.Token);
        var first = await Task.WhenAny(fromMachine, toMachine);
        await end.CancelAsync();
        // A read of the terminal cannot be cancelled: it is left behind, the process ends after it.
        await first;
    }

    private static async Task CopyAsync(Socket socket, Stream output, CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        int count;
        while ((count = await ReceiveAsync(socket, buffer, ct)) > 0)
        {
            await output.WriteAsync(buffer.AsMemory(0, count), ct);
            await output.FlushAsync(ct);
        }
    }

    private static async Task TypeAsync(Stream input, Socket socket, CancellationToken ct)
    {
        var buffer = new byte[BufferSize];
        int count;
        while ((count = await input.ReadAsync(buffer, ct)) > 0)
        {
            var escape = buffer.AsSpan(0, count).IndexOf(EscapeKey);
            var typed = escape < 0 ? count : escape;
            for (var sent = 0; sent < typed;)
                sent += await socket.SendAsync(buffer.AsMemory(sent, typed - sent), ct);
            if (escape >= 0)
                return;
        }
    }

    private static async Task<int> ReceiveAsync(Socket socket, byte[] buffer, CancellationToken ct)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, ct);
        }
        catch (SocketException)
        {
            return 0; // the machine was switched off
        }
    }

    private static async Task<Socket> ConnectAsync(string path, string name, string? nodeName, SkepClient client, CancellationToken ct)
    {
        if (client.Files.IsSimulated)
            throw new CliException($"{name} is simulated: it has no console");
        if (!File.Exists(path))
            throw new CliException($"{name} does not run on this machine but on node {nodeName}", ExitCode.Failure, "Run the same there.");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return socket;
        }
        catch (SocketException ex)
        {
            socket.Dispose();
            throw ex.SocketErrorCode == SocketError.AccessDenied
                ? new CliException($"{path}: permission denied", ExitCode.Denied, "Run the same with sudo.")
                : new CliException($"the console of {name} cannot be opened ({path}): {ex.Message}");
        }
    }
}
