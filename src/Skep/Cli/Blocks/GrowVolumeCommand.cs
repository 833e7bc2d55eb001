using System.CommandLine;
using System.Net.Sockets;
using Skep.Blocks;
using Skep.Blocks.Nbd;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks grow</c>: makes a log-structured volume larger.</summary>
internal static class GrowVolumeCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var name = VolumeArguments.Name();
        var size = ByteSizes.Option("--size", "The new size, for example 20G. A volume never shrinks.");
        size.Required = true;
        var socket = new Option<string?>("--socket") { Description = "The Unix socket of the skep nbd serve that has the volume open: it grows there, and those who use it go on.", HelpName = "PATH" };
        var store = new StoreOptions();
        var verb = new Verb(
            "grow",
            "Make a log-structured volume larger. Without --socket the volume is taken from whoever has it open, as skep nbd serve does.",
            "skep blocks grow disk --size 20G --store file:///srv/blocks --directory /var/tmp/disk",
            "skep blocks grow disk --size 20G --socket /run/user/0/skep-nbd-4711.sock") { name, size, socket };
        store.AddAllTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var (volume, wanted) = (parsed.GetValue(name)!, parsed.GetValue(size)!.Value);
            var before = await BlockFailures.TranslateAsync(() => parsed.GetValue(socket) is { } path
                ? GrowServedAsync(context, volume, Path.GetFullPath(path), wanted, ct)
                : GrowAsync(context, store.Read(parsed, volume, isOpened: true), wanted, ct));
            await context.Out.WriteLineAsync(before == wanted
                ? $"volume {volume} has {ByteSizes.Render(wanted)} already"
                : $"volume {volume} has grown from {ByteSizes.Render(before)} to {ByteSizes.Render(wanted)}");
            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task<long> GrowAsync(CliContext context, LogVolumePlace place, long wanted, CancellationToken ct)
    {
        await using var volume = await new LogVolumeOpener(context.Time, onEvent: null).OpenAsync(place, ct);
        var before = volume.SizeBytes;
        if (before != wanted)
            await volume.ResizeAsync(wanted, ct);
        return before;
    }

    private static async Task<long> GrowServedAsync(CliContext context, string volume, string socketPath, long wanted, CancellationToken ct)
    {
        try
        {
            await using var client = await NbdClient.ConnectAsync(
                new NbdClientOptions { EndPoint = new UnixDomainSocketEndPoint(socketPath), ExportName = volume }, context.Time, ct);
            var before = client.SizeBytes;
            if (before != wanted)
                await client.ResizeAsync(wanted, ct);
            return before;
        }
        catch (NbdException ex)
        {
            throw new CliException($"{socketPath}: {ex.Message}", ExitCode.NotRunning);
        }
    }
}
