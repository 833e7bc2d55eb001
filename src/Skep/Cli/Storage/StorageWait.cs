using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Storage;

/// <summary>Follows work on disks to its end, and shows how it comes along.</summary>
internal static class StorageWait
{
    private const double GibBytes = 1L << 30;

    /// <summary>Waits until a volume is in one of some states.</summary>
    /// <exception cref="CliException">It failed, is gone, or takes too long.</exception>
    public static Task<JsonObject> ForVolumeAsync(CliContext context, SkepClient client, string id, string title, TimeSpan timeout, CancellationToken ct, params string[] states) =>
        FollowAsync(context, client, ApiResource.Volumes, id, title, timeout, volume =>
        {
            var state = volume.TextAt("status.state") ?? "creating";
            if (state == "error")
                throw new CliException($"volume {id}: {volume.TextAt("status.message") ?? "it failed, and gives no reason"}");
            return new Step(states.Contains(state), state, null);
        }, ct);

    /// <summary>Waits until a snapshot is complete.</summary>
    /// <exception cref="CliException">It failed, is gone, or takes too long.</exception>
    public static Task<JsonObject> ForSnapshotAsync(CliContext context, SkepClient client, string id, string title, TimeSpan timeout, CancellationToken ct)
    {
        var started = context.Time.GetTimestamp();
        return FollowAsync(context, client, ApiResource.Snapshots, id, title, timeout, snapshot =>
        {
            var state = snapshot.TextAt("status.state") ?? "pending";
            if (state == "error")
                throw new CliException($"snapshot {id}: {snapshot.TextAt("status.message") ?? "it failed, and gives no reason"}");
            var fraction = Percent(snapshot.TextAt("status.progress"));
            var bytes = (fraction ?? 0) * GibBytes * double.Parse(snapshot.TextAt("spec.volumeSizeGib") ?? "0", CultureInfo.InvariantCulture);
            var captured = snapshot.TextAt("status.capturedTime") is null ? "waiting for its moment" : "captured, storing";
            return new Step(state == "completed", fraction > 0 ? $"{captured}, {Rate(context, started, bytes)}" : captured, fraction);
        }, ct);
    }

    /// <summary>Waits until a verification is over.</summary>
    /// <exception cref="CliException">Nothing could be found out, or it takes too long.</exception>
    public static Task<JsonObject> ForVerificationAsync(CliContext context, SkepClient client, string name, string title, TimeSpan timeout, CancellationToken ct) =>
        FollowAsync(context, client, ApiResource.SnapshotVerifications, name, title, timeout, verification =>
        {
            var phase = verification.TextAt("status.phase") ?? "Pending";
            if (phase == "Failed")
                throw new CliException($"{title}: {verification.TextAt("status.message")}");
            return new Step(phase == "Succeeded", phase.ToLowerInvariant(), Percent(verification.TextAt("status.progress")));
        }, ct);

    /// <summary>Bytes a second since a moment, for people.</summary>
    public static string Rate(CliContext context, long started, double bytes)
    {
        var seconds = context.Time.GetElapsedTime(started).TotalSeconds;
        return seconds > 0 ? $"{StorageList.Size(bytes / seconds)}/s" : "";
    }

    private static async Task<JsonObject> FollowAsync(
        CliContext context, SkepClient client, ApiResource kind, string name, string title, TimeSpan timeout, Func<JsonObject, Step> look, CancellationToken ct)
    {
        await using var progress = context.StartProgress(title);
        using var deadline = new Deadline(context.Time, timeout, ct);
        var last = "unknown";
        JsonObject? reached = null;
        await deadline.RunAsync(() => $"{title.ToLowerInvariant()}; last: {last}", async token =>
        {
            await foreach (var item in client.Resources.FollowAsync(kind, ResourceOptions.NamespaceDefault, name, token))
            {
                if (item is null)
                    throw new CliException($"{name} is gone", ExitCode.NotFound);
                var step = look(item);
                last = step.Detail;
                if (step.IsLast)
                {
                    reached = item;
                    return;
                }

                progress.Report(step.Detail, step.Fraction);
            }
        });
        progress.Done();
        return reached!;
    }

    private static double? Percent(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent / 100.0 : null;

    private readonly record struct Step(bool IsLast, string Detail, double? Fraction);
}
