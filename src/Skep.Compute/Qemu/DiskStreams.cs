using System.Text.Json;
using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>Copies what a running disk reads from elsewhere into its own file (block-stream of qapi/block-core.json).</summary>
internal static class DiskStreams
{
    private const string JobPrefix = "hydrate-";

    /// <summary>Starts the job if need be and says how far it is; null when the machine does not have the disk.</summary>
    public static async Task<DiskHydration?> HydrateAsync(QmpExecute execute, string volumeId, CancellationToken ct)
    {
        var node = DiskNodes.Format(DiskNodes.Top(volumeId));
        var job = JobPrefix + DiskNodes.Top(volumeId);
        if (await FindAsync(execute, "query-named-block-nodes", "node-name", node, w => w.WriteBoolean("flat", true), ct) is not { } disk)
            return null;
        if (await FindAsync(execute, "query-block-jobs", "device", job, null, ct) is { } running)
            return new DiskHydration(false, running.GetProperty("offset").GetInt64(), running.GetProperty("len").GetInt64());
        var sizeBytes = disk.GetProperty("image").GetProperty("virtual-size").GetInt64();
        if (!disk.TryGetProperty("backing_file", out _))
            return new DiskHydration(true, sizeBytes, sizeBytes);
        await execute(
            "block-stream",
            w =>
            {
                w.WriteString("job-id", job);
                w.WriteString("device", node);
                w.WriteString("on-error", "report");
            },
            ct);
        return new DiskHydration(false, 0, sizeBytes);
    }

    private static async Task<JsonElement?> FindAsync(QmpExecute execute, string command, string member, string value, Action<Utf8JsonWriter>? arguments, CancellationToken ct)
    {
        foreach (var item in (await execute(command, arguments, ct)).EnumerateArray())
        {
            if (item.TryGetProperty(member, out var found) && found.GetString() == value)
                return item;
        }

        return null;
    }
}
