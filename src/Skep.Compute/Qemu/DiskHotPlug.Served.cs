using System.Text.Json;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;

namespace Skep.Compute.Qemu;

/// <summary>
/// The growth of disks that a server has. QEMU's client learns a size when it connects and at no other time, so a second
/// client is connected and takes the place of the first under the chain, while QEMU holds the guest's requests back for
/// some milliseconds. There are two names for clients, of which one is in use.
/// </summary>
internal sealed partial class DiskHotPlug
{
    /// <summary>QEMU's words for a node that goes with the one above it.</summary>
    private const string NotOwned = "is not owned by the monitor";

    private async Task GrowServedAsync(MachineDisk disk, string top, CancellationToken ct)
    {
        var spare = await FreeClientNameAsync(top, ct);
        var access = await prepare(disk, ct);
        await execute("blockdev-add", w => DiskNodes.WriteProtocol(w, spare, disk.Source, access), ct);
        var sizeBytes = await FindSizeAsync(spare, ct);
        if (sizeBytes < disk.SizeBytes)
        {
            await execute("blockdev-del", w => w.WriteString("node-name", spare), ct);
            throw new MachineException($"the server of {disk.VolumeId} has {sizeBytes} bytes, and {disk.SizeBytes} are wanted");
        }

        await ReopenAsync(w => DiskNodes.WriteFormat(w, disk, top, file: n => n.WriteString("file", spare)), ct);
        await GrowAsync(disk, top, ct);
        await RemoveClientsAsync(top, except: spare, ct);
    }

    /// <summary>The name that the client in use does not have. What a crash left under it is removed.</summary>
    private async Task<string> FreeClientNameAsync(string top, CancellationToken ct)
    {
        var nodes = await ListNodesAsync(ct);
        string[] names = [DiskNodes.Grown(top), DiskNodes.Protocol(top)];
        var spare = Array.Find(names, n => !nodes.Contains(n));
        foreach (var name in names)
        {
            if (name == spare)
                continue;
            // The one in use cannot be removed.
            var refusal = await RemoveNodeAsync(name, ct);
            if (refusal is null)
                spare = name;
            else if (refusal.Contains(NotOwned, StringComparison.Ordinal))
                throw new MachineException("the machine was started by an older program: its guest sees the new size when it is started again");
        }

        return spare ?? throw new MachineException($"the machine has two connections to the server of {top}, and both are in use");
    }

    /// <summary>Removes the clients of a disk that nothing uses any more: QEMU keeps those that it was told to add by themselves.</summary>
    private async Task RemoveClientsAsync(string top, string? except, CancellationToken ct)
    {
        var nodes = await ListNodesAsync(ct);
        foreach (var name in (string[])[DiskNodes.Grown(top), DiskNodes.Protocol(top)])
        {
            if (name != except && nodes.Contains(name))
                _ = await RemoveNodeAsync(name, ct);
        }
    }

    /// <summary>Removes a node; what QEMU says when it refuses, because the node is in use or goes with another one.</summary>
    private async Task<string?> RemoveNodeAsync(string name, CancellationToken ct)
    {
        try
        {
            await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
            return null;
        }
        catch (QmpException ex) when (ex.Failure is QmpFailure.Refused)
        {
            return ex.Message;
        }
    }

    private async Task<HashSet<string>> ListNodesAsync(CancellationToken ct) =>
        [.. (await QueryNodesAsync(ct)).Select(n => n.GetProperty("node-name").GetString()!)];

    private async Task<long> FindSizeAsync(string node, CancellationToken ct) =>
        (await QueryNodesAsync(ct)).First(n => n.GetProperty("node-name").GetString() == node).GetProperty("image").GetProperty("virtual-size").GetInt64();

    private async Task<IEnumerable<JsonElement>> QueryNodesAsync(CancellationToken ct) =>
        (await execute("query-named-block-nodes", w => w.WriteBoolean("flat", true), ct)).EnumerateArray();
}
