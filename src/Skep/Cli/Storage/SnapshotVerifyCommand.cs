using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Storage;

/// <summary><c>skep snapshot verify</c>: by way of SnapshotVerification resources, which the node's agent works on.</summary>
internal static class SnapshotVerifyCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var snapshots = StorageArguments.Snapshots(context);
        var timeout = StorageArguments.Timeout();
        var verb = new Verb(
            "verify",
            "Read every byte of snapshots again and compare it with what was stored. Names every damaged block; exits with 1 when there is one.",
            "skep snapshot verify before-upgrade",
            "skep snapshot list -o name | xargs skep snapshot verify")
        {
            snapshots, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            // Names as `-o name` prints them have the kind before a slash.
            var words = parsed.GetRequiredValue(snapshots).Select(w => w[(w.LastIndexOf('/') + 1)..]);
            var found = (await StorageList.SnapshotsAsync(client, ct)).FindAll(words);
            var damaged = 0;
            foreach (var snapshot in found)
            {
                var isWhole = await VerifyAsync(context, client, snapshot, parsed.GetValue(timeout), ct);
                damaged += isWhole ? 0 : 1;
            }

            return damaged == 0
                ? ExitCode.Success
                : throw new CliException(
                    found.Count == 1 ? $"{StorageList.DisplayName(found[0])} is damaged" : $"{damaged} of {found.Count} snapshots are damaged",
                    ExitCode.Failure,
                    "What is damaged cannot be read; the other blocks can. Take a new snapshot while the volume still exists.");
        });
        return verb;
    }

    private static async Task<bool> VerifyAsync(CliContext context, SkepClient client, JsonObject snapshot, TimeSpan timeout, CancellationToken ct)
    {
        var display = StorageList.DisplayName(snapshot);
        var started = context.Time.GetTimestamp();
        var name = await BeginAsync(client, snapshot.Name(), ct);
        JsonObject report;
        try
        {
            report = await StorageWait.ForVerificationAsync(context, client, name, $"Verifying {display}", timeout, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The caller's token is over; the server is still to be told.
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(5), context.Time);
            await client.Resources.DeleteAsync(ApiResource.SnapshotVerifications, ResourceOptions.NamespaceDefault, name, grace.Token);
            throw;
        }

        var bytes = double.Parse(report.TextAt("status.bytes") ?? "0", CultureInfo.InvariantCulture);
        var count = int.Parse(report.TextAt("status.damageCount") ?? "0", CultureInfo.InvariantCulture);
        var named = report.ItemsAt("status.damages").ToList();
        foreach (var damage in named)
            await context.Out.WriteAsync($"{damage.TextAt("message")}\n");
        if (count > named.Count)
            await context.Out.WriteAsync($"{display}: and {count - named.Count} more\n");
        await context.Out.WriteAsync($"{display}: {(count == 0 ? "whole" : count == 1 ? "1 damaged block" : $"{count} damaged blocks")}, {StorageList.Size(bytes)} read at {StorageWait.Rate(context, started, bytes)}\n");
        return count == 0;
    }

    private static async Task<string> BeginAsync(SkepClient client, string snapshotId, CancellationToken ct)
    {
        var document = new JsonObject
        {
            ["apiVersion"] = ApiResource.SnapshotVerifications.ApiVersion,
            ["kind"] = ApiResource.SnapshotVerifications.Kind,
            ["metadata"] = new JsonObject { ["generateName"] = $"{snapshotId}-" },
            ["spec"] = new JsonObject { ["snapshotId"] = snapshotId },
        };
        return (await client.Resources.CreateAsync(ApiResource.SnapshotVerifications, ResourceOptions.NamespaceDefault, document, dryRun: false, ct)).Name();
    }
}
