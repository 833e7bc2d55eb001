using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Skep.Blocks;
using Skep.Blocks.Log;
using Skep.Blocks.Nbd;
using Skep.Cli.Blocks;
using Skep.Daemon;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Nbd;

/// <summary><c>skep nbd serve</c>: serves files as disks until it is interrupted.</summary>
internal static class NbdServeCommand
{
    private const int WaitingThreads = 12;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var files = new Argument<string[]>("FILE") { Description = "Disk images or block devices; vol-… is a volume of the daemon that is not attached, log:NAME a log-structured volume in --store, failing:BYTES a disk of which every request fails.", Arity = ArgumentArity.OneOrMore };
        var socket = new Option<string?>("--socket") { Description = "Where to make the Unix socket (default: skep-nbd-PID.sock in $XDG_RUNTIME_DIR, else in the temporary directory).", HelpName = "PATH" };
        var socketFd = new Option<int?>("--socket-fd") { Description = "Serve on the listening Unix socket that is inherited as this descriptor; --socket then only says where it is.", HelpName = "FD" };
        var controlFd = new Option<int?>("--control-fd") { Description = "Let the daemon take snapshots of the log-structured volumes, by the listening Unix socket that is inherited as this descriptor.", HelpName = "FD" };
        var listen = new Option<IPEndPoint?>("--listen")
        {
            Description = "Listen on TCP instead. Port 10809 is NBD's; port 0 lets the system choose. Without TLS whoever reaches it reads and writes.",
            HelpName = "ADDRESS:PORT",
            CustomParser = result =>
            {
                if (DaemonUp.TryParseEndPoint(result.Tokens[0].Value, out var endPoint))
                    return endPoint;
                result.AddError($"'{result.Tokens[0].Value}' is not ADDRESS:PORT (for example 127.0.0.1:10809, [::1]:10809)");
                return null;
            },
        };
        var tls = new NbdTlsOptions();
        var store = new StoreOptions();
        var export = new Option<string?>("--export") { Description = "The name of the export, with one FILE (default: the file's name). The first FILE is also the default export.", HelpName = "NAME" };
        var readOnly = new Option<bool>("--read-only", "-r") { Description = "Let nobody write." };
        var format = new Option<string>("--format", "-f") { Description = "What FILE is. It is never guessed: a guest could write the header of another format on its disk.", HelpName = "FORMAT", DefaultValueFactory = _ => "raw" };
        format.AcceptOnlyFromAmong("raw", "qcow2", "vmdk", "vhdx", "vpc", "vdi");
        var command = new Verb(
            "serve",
            "Serve disk images to NBD clients (QEMU, libnbd, the kernel) until interrupted. Needs no daemon.",
            "skep nbd serve disk.img                      # prints the URI to use",
            "skep nbd serve --socket /run/d.sock a.img b.img",
            "skep nbd serve -r -f qcow2 appliance.qcow2",
            "skep nbd serve vol-0123456789abcdef0        # a volume that is not attached",
            "skep nbd serve log:disk --store file:///srv/blocks --directory /var/tmp/disk",
            "skep nbd serve --listen 0.0.0.0:10809 --tls-cert cert.pem --tls-key key.pem disk.img") { files, socket, socketFd, controlFd, listen, export, readOnly, format };
        tls.AddTo(command);
        store.AddAllTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(socket) is not null && result.GetValue(listen) is not null)
                result.AddError("--socket and --listen exclude each other");
            if (result.GetValue(socketFd) is not null && result.GetValue(socket) is null)
                result.AddError("--socket-fd needs --socket");
            if (result.GetValue(export) is not null && result.GetValue(files) is { Length: > 1 })
                result.AddError("--export names one FILE; several are named by their files");
        });
        command.SetAction((parsed, ct) => ServeAsync(
            context,
            new ServeRequest(parsed.GetValue(files)!, parsed.GetValue(socket), parsed.GetValue(socketFd), parsed.GetValue(controlFd), parsed.GetValue(listen), tls.Read(parsed), parsed.GetValue(export), parsed.GetValue(readOnly)),
            new DeviceSource(context, name => store.Read(parsed, name, isOpened: true), new VolumeFinder(context, parsed), parsed.GetValue(format)!),
            ct));
        return command;
    }

    private static async Task<int> ServeAsync(CliContext context, ServeRequest request, DeviceSource source, CancellationToken ct)
    {
        AllowWaitingThreads();
        await using var sources = source;
        var exports = new List<NbdExport>();
        try
        {
            foreach (var file in request.Files)
            {
                var name = request.ExportName ?? DeviceSource.NameOf(file);
                if (exports.Exists(e => e.Name == name))
                    throw new CliException($"two files are named {name}: an export's name must be its own", ExitCode.Conflict);
                exports.Add(new NbdExport(name, await source.OpenAsync(file, request.IsReadOnly, ct)) { IsReadOnly = request.IsReadOnly, Description = file });
            }

            var closing = Task.CompletedTask;
            var options = new NbdServerOptions
            {
                SessionEnded = end => Report(context, end),
                // A request may wait for a store for as long as it takes; this program does not.
                DrainExpired = () => closing = CloseVolumesAsync(exports),
            };
            var volumes = exports.Where(e => e.Device is LogVolume).ToDictionary(e => e.Name, e => (LogVolume)e.Device, StringComparer.Ordinal);
            await using var server = new NbdServer(new LogVolumeExports(new NbdExportTable(exports), volumes), options, context.Time);
            var uri = Bind(server, context, request);
            foreach (var export in exports)
                await context.Out.WriteLineAsync($"serving {export.Description} ({export.Device.SizeBytes} bytes) at {uri(export.Name)}");
            await context.Out.FlushAsync(ct);
            await Task.WhenAll(server.RunAsync(ct), ControlAsync(request.ControlFd, volumes, ct), ResidentMemory.RunAsync(context.Time, ct));
            if (closing == Task.CompletedTask)
                await FlushAsync(exports);
            await closing;
            return ExitCode.Success;
        }
        finally
        {
            foreach (var export in exports)
                await export.Device.DisposeAsync();
        }
    }

    /// <summary>
    /// Uploads to a store in a directory wait for the disk in threads of the pool. With no more of those than processors, whatever
    /// else is due (a write that was slowed down for some milliseconds) would wait with them.
    /// </summary>
    private static void AllowWaitingThreads()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, WaitingThreads), completions);
    }

    private static async Task ControlAsync(int? fd, IReadOnlyDictionary<string, LogVolume> volumes, CancellationToken ct)
    {
        if (fd is not { } inherited)
            return;
        using var listener = new Socket(new SafeSocketHandle(inherited, ownsHandle: true));
        await new VolumeControlServer(volumes).RunAsync(listener, ct);
    }

    private static Func<string, string> Bind(NbdServer server, CliContext context, ServeRequest request)
    {
        if (request.Listen is { } address)
        {
            var bound = server.BindTcp(address, request.Tls);
            var scheme = request.Tls is null ? "nbd" : "nbds";
            return name => $"{scheme}://{bound}/{Uri.EscapeDataString(name)}";
        }

        if (request.Tls is not null)
            throw new CliException("TLS goes with --listen; a Unix socket is guarded by its file mode", ExitCode.Usage);
        var path = Path.GetFullPath(request.SocketPath ?? DefaultSocketPath(context));
        if (request.SocketFd is { } fd)
            server.BindInherited(fd);
        else
            server.BindUnix(path);
        return name => $"nbd+unix:///{Uri.EscapeDataString(name)}?socket={Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal)}";
    }

    private static string DefaultSocketPath(CliContext context) => Path.Combine(
        context.Environment("XDG_RUNTIME_DIR") is { Length: > 0 } directory ? directory : Path.GetTempPath(),
        string.Create(CultureInfo.InvariantCulture, $"skep-nbd-{Environment.ProcessId}.sock"));

    /// <summary>What clients wrote is on the disk when the program ends.</summary>
    private static async Task FlushAsync(List<NbdExport> exports)
    {
        foreach (var export in exports)
        {
            try
            {
                await export.Device.FlushAsync(CancellationToken.None);
            }
            catch (BlockDeviceException ex)
            {
                throw new CliException($"the last flush failed: {ex.Message}");
            }
        }
    }

    private static Task CloseVolumesAsync(List<NbdExport> exports) =>
        Task.WhenAll(exports.Select(e => e.Device).OfType<LogVolume>().Select(volume => volume.CloseAsync(CancellationToken.None)));

    private static void Report(CliContext context, NbdSessionEnd end)
    {
        if (end.Failure is not (NbdFailure.None or NbdFailure.Disconnected or NbdFailure.Shutdown))
            context.Error.WriteLine($"skep: {end.Message}");
    }

    private sealed record ServeRequest(string[] Files, string? SocketPath, int? SocketFd, int? ControlFd, IPEndPoint? Listen, NbdServerTls? Tls, string? ExportName, bool IsReadOnly);
}
