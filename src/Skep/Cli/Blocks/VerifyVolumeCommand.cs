using System.CommandLine;
using System.Globalization;
using Skep.Blocks.Log;
using Skep.Cli.Terminal;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks verify</c>: reads everything that the store has of a log-structured volume.</summary>
internal static class VerifyVolumeCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var name = VolumeArguments.Name();
        var store = new StoreOptions();
        var verb = new Verb(
            "verify",
            "Read every object of a log-structured volume and of its snapshots and check every byte. Prints a line for each damage; exits with 1 when there is one. "
            + "A volume that is open may lose objects to garbage collection meanwhile: verify it while nobody writes.",
            "skep blocks verify disk --store file:///srv/blocks",
            "skep blocks verify disk --store file:///srv/blocks --keys /root/volume-keys.json") { name };
        store.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var place = store.Read(parsed, parsed.GetValue(name)!, isOpened: false);
            var started = context.Time.GetTimestamp();
            await using var progress = ProgressLine.Start(context.Error, context.Style, context.Time, $"verifying {place.Name}");
            var reports = new VolumeArguments.Reports<LogVerification>(v =>
            {
                if (context.Style.IsTerminal)
                    progress.Report(Summary(context, v, started), v.BytesTotal == 0 ? 1 : (double)v.Bytes / v.BytesTotal);
            });
            var found = await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, onEvent: null).VerifyAsync(place, reports, ct));
            foreach (var damage in found.Damages)
                await context.Out.WriteLineAsync(damage);
            var summary = Summary(context, found, started);
            if (found.Damages.Count > 0)
                throw new CliException($"volume {place.Name} is damaged: {summary}", ExitCode.Failure, "What is damaged cannot be read; the rest can.");
            progress.Done($"volume {place.Name} is whole: {summary}");
            return ExitCode.Success;
        });
        return verb;
    }

    private static string Summary(CliContext context, LogVerification found, long started)
    {
        var seconds = Math.Max(0.001, context.Time.GetElapsedTime(started).TotalSeconds);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{found.Objects} objects, {ByteSizes.Render(found.Bytes)} at {ByteSizes.Render((long)(found.Bytes / seconds))}/s, {found.Damages.Count} damages");
    }
}
