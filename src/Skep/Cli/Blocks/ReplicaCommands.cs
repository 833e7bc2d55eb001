using System.CommandLine;
using System.Net.Sockets;
using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Log.Replication;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks replica</c>: keeps copies of the write-ahead logs of volumes that other machines have open.</summary>
internal static class ReplicaCommands
{
    private const long SpaceDefault = 64L << 30;

    /// <summary>Makes the group.</summary>
    public static Command Create(CliContext context) => new("replica", "Copies of write-ahead logs, so that what was flushed survives the loss of a machine.")
    {
        CreateServe(context),
    };

    private static Verb CreateServe(CliContext context)
    {
        var listen = new Option<string>("--listen") { Description = "Where to listen: ADDRESS:PORT, with TLS unless it is a loopback address, or unix:PATH. Port 0 lets the system choose.", HelpName = "ADDRESS", Required = true };
        var directory = new Option<string>("--directory") { Description = "Where the copies go: a directory for this server alone, on a disk that keeps its promises.", HelpName = "DIR", Required = true };
        var space = ByteSizes.Option("--space", "The most that all copies take (default: 64G). A volume whose log finds no room goes on without its replica.");
        var tls = new ReplicaTlsOptions("--tls");
        var verb = new Verb(
            "serve",
            "Keep copies of the write-ahead logs of volumes until interrupted. `skep nbd serve log:NAME --replica URL` on other machines uses it: a flush is answered when it is durable here too, "
            + "and when a machine is lost, opening its volumes elsewhere with the same --replica gets from here what their object stores lack.",
            "skep blocks replica serve --listen 10.0.0.7:9120 --directory /srv/replica --tls-cert node.pem --tls-key node-key.pem --tls-ca ca.pem",
            "skep blocks replica serve --listen unix:/run/skep-replica.sock --directory /mnt/other-disk/replica --space 16G") { listen, directory, space };
        tls.AddTo(verb);
        verb.SetAction((parsed, ct) => ServeAsync(context, ParseListen(parsed.GetValue(listen)!, tls.Read(parsed) is not null), tls.Read(parsed), Path.GetFullPath(parsed.GetValue(directory)!), parsed.GetValue(space) ?? SpaceDefault, ct));
        return verb;
    }

    private static ReplicaAddress ParseListen(string text, bool hasTls)
    {
        var url = text.StartsWith("unix:", StringComparison.Ordinal) || text.Contains("://", StringComparison.Ordinal) ? text : $"{(hasTls ? "tls" : "tcp")}://{text}";
        var address = ReplicaAddress.TryParse(url, out var problem) ?? throw new CliException($"--listen: {problem}", ExitCode.Usage, "TLS needs --tls-cert, --tls-key and --tls-ca.");
        return address.IsTls == hasTls ? address : throw new CliException(hasTls ? "TLS goes with ADDRESS:PORT; a Unix socket is guarded by its file mode" : $"{url} needs --tls-cert, --tls-key and --tls-ca", ExitCode.Usage);
    }

    private static async Task<int> ServeAsync(CliContext context, ReplicaAddress address, ReplicaTls? tls, string directory, long space, CancellationToken ct)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        try
        {
            Directory.CreateDirectory(directory, Private);
            await using var server = await ReplicaServer.OpenAsync(await LocalDirectory.OpenAsync(directory, ct), space, context.Time, Report, ct);
            using var listener = new ReplicaListener(server, address, tls, context.Time, Report);
            await context.Out.WriteLineAsync($"keeping logs of {server.VolumeCount} volumes ({ByteSizes.Render(server.UsedBytes)}) in {directory} at {listener.Address}");
            await context.Out.FlushAsync(ct);
            await listener.RunAsync(ct);
            return ExitCode.Success;
        }
        catch (Exception ex) when (ex is IOException or SocketException or UnauthorizedAccessException or LogFormatException)
        {
            throw new CliException(ex.Message, ex is UnauthorizedAccessException ? ExitCode.Denied : ExitCode.Failure);
        }

        void Report(string text) => context.Error.WriteLine($"skep: {text}");
    }
}
