using System.CommandLine;
using System.Text;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm logs</c>: what a machine wrote to its serial console.</summary>
internal static class VmLogsCommand
{
    private static readonly TimeSpan _pollInterval = TimeSpan.FromMilliseconds(300);
    private const int BufferSize = 16 * 1024;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var vm = VmArguments.One(context);
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written until ctrl-C, or until the machine is terminated." };
        var verb = new Verb("logs", "Print a machine's console output.", "skep vm logs web", "skep vm logs web -f")
        {
            vm, follow,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var instance = (await VmList.LoadAsync(client, ct)).Find(parsed.GetRequiredValue(vm));
            var log = new ConsoleLog(client.Files.DataDirectory, instance.Name());
            if (log.Exists)
                await CopyFileAsync(context, client, log, instance.Name(), parsed.GetValue(follow), ct);
            else
                await CopyFromApiAsync(context, client, instance.Name(), parsed.GetValue(follow), ct);
            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task CopyFileAsync(CliContext context, SkepClient client, ConsoleLog log, string id, bool follow, CancellationToken ct)
    {
        using var file = OpenFile(log);
        var decoder = Encoding.UTF8.GetDecoder();
        var bytes = new byte[BufferSize];
        var chars = new char[BufferSize + 1];
        while (true)
        {
            int count;
            while ((count = await file.ReadAsync(bytes, ct)) > 0)
                await context.Out.WriteAsync(chars.AsMemory(0, decoder.GetChars(bytes.AsSpan(0, count), chars, flush: false)), ct);
            await context.Out.FlushAsync(ct);
            if (!follow || await IsGoneAsync(client, id, ct))
                return;
            // A machine that is started again may begin a new log.
            if (file.Position > file.Length)
                file.Position = 0;
            await Task.Delay(_pollInterval, context.Time, ct);
        }
    }

    private static FileStream OpenFile(ConsoleLog log)
    {
        try
        {
            return log.Open();
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"{log.Path}: permission denied", ExitCode.Denied, "Run the same with sudo.");
        }
    }

    private static async Task CopyFromApiAsync(CliContext context, SkepClient client, string id, bool follow, CancellationToken ct)
    {
        var seen = "";
        while (true)
        {
            var answer = await client.Ec2.CallAsync("GetConsoleOutput", [("InstanceId", id), ("Latest", "true")], ct);
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(answer.TextOf("output")));
            await context.Out.WriteAsync(NewPart(seen, text));
            await context.Out.FlushAsync(ct);
            seen = text;
            if (!follow || await IsGoneAsync(client, id, ct))
                return;
            await Task.Delay(TimeSpan.FromSeconds(2), context.Time, ct);
        }
    }

    /// <summary>What a window on a growing text shows that an earlier window did not.</summary>
    internal static string NewPart(string seen, string now)
    {
        if (seen.Length == 0 || now.StartsWith(seen, StringComparison.Ordinal))
            return now[seen.Length..];
        // The window has moved: find where the end of the earlier one is.
        var end = seen[^Math.Min(200, seen.Length)..];
        var at = now.LastIndexOf(end, StringComparison.Ordinal);
        return at < 0 ? now : now[(at + end.Length)..];
    }

    private static async Task<bool> IsGoneAsync(SkepClient client, string id, CancellationToken ct) =>
        await client.Resources.FindAsync(ApiResource.Instances, Resources.ResourceOptions.NamespaceDefault, id, ct) is not { } instance
        || instance.TextAt("status.state") == VmList.Terminated;
}
