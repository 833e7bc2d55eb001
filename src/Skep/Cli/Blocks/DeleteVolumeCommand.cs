using System.CommandLine;
using System.Globalization;
using Skep.Cli.Terminal;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks delete</c>: removes a log-structured volume from an object store.</summary>
internal static class DeleteVolumeCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var name = VolumeArguments.Name();
        var store = new StoreOptions();
        var verb = new Verb(
            "delete",
            "Delete a log-structured volume and its snapshots from an object store, whoever has it open; refused while it has clones. One that was interrupted is done again. Local logs and caches stay.",
            "skep blocks delete disk --store file:///srv/blocks",
            "skep blocks delete disk --store file:///srv/blocks --yes") { name };
        store.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var place = store.Read(parsed, parsed.GetValue(name)!, isOpened: false);
            if (!await context.ConfirmAsync(parsed, $"Delete volume {place.Name} and its snapshots from {place.StoreUrl}? What is on it is lost.", ct))
                throw new CliException($"volume {place.Name} was not deleted: say --yes", ExitCode.Usage);
            var (deleted, started) = (0, context.Time.GetTimestamp());
            await using var progress = ProgressLine.Start(context.Error, context.Style, context.Time, $"deleting {place.Name}");
            var reports = new VolumeArguments.Reports<int>(count =>
            {
                deleted = count;
                if (context.Style.IsTerminal)
                    progress.Report(Summary());
            });
            await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, onEvent: null).DeleteAsync(place, reports, ct));
            progress.Done($"volume {place.Name} is deleted: {Summary()}");
            return ExitCode.Success;

            string Summary() => string.Create(
                CultureInfo.InvariantCulture, $"{deleted} objects, {deleted / Math.Max(0.001, context.Time.GetElapsedTime(started).TotalSeconds):0}/s");
        });
        return verb;
    }
}
