using System.Text.Json;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Qemu;

/// <summary>
/// Brings the disks of a running QEMU towards a plan. Every step is judged by what the machine has, so it does not
/// matter which steps an earlier daemon got to. Plugging in: throttle group, secret, chain of nodes, device. Unplugging:
/// the device, which the guest must let go of, then chain, then group and secret.
/// </summary>
/// <param name="execute">The machine's monitor.</param>
/// <param name="prepare">Lets the machine open a disk's file and says how it is read.</param>
/// <param name="unlock">Opens a disk's key; null for a disk that is not encrypted.</param>
internal sealed partial class DiskHotPlug(QmpExecute execute, Func<MachineDisk, CancellationToken, Task<DiskAccess>> prepare, Func<MachineDisk, DiskPassphrase?> unlock)
{
    /// <summary>QEMU's words for a device whose guest was asked already and may take its time.</summary>
    private const string AlreadyAsked = "already in the process of unplug";

    /// <summary>Does what can be done now.</summary>
    /// <returns>Every disk that is there or wanted.</returns>
    /// <exception cref="QmpException">The monitor does not answer.</exception>
    public async Task<IReadOnlyList<DiskStatus>> AlignAsync(DiskPlan plan, CancellationToken ct)
    {
        var inventory = await DiskInventory.ReadAsync(execute, ct);
        var disks = new List<DiskStatus>();
        foreach (var disk in plan.Wanted)
            disks.Add(await AlignWantedAsync(inventory, disk, ct));
        var volumes = plan.Wanted.Select(d => d.VolumeId).Concat(plan.Kept).Concat(plan.Leaving).ToDictionary(DiskNodes.Top, StringComparer.Ordinal);
        foreach (var top in inventory.Tops)
        {
            var volumeId = volumes.GetValueOrDefault(top, top);
            if (plan.Wanted.Any(d => d.VolumeId == volumeId))
                continue;
            if (plan.Kept.Contains(volumeId))
            {
                if (inventory.HasDevice(top, out var size))
                    disks.Add(new DiskStatus(volumeId, DiskPhase.Attached) { SizeBytes = size });
            }
            else if (await RemoveAsync(inventory, top, plan.Forced.Contains(volumeId), ct) is { } left)
            {
                disks.Add(left with { VolumeId = volumeId });
            }
        }

        return disks;
    }

    private async Task<DiskStatus> AlignWantedAsync(DiskInventory inventory, MachineDisk disk, CancellationToken ct)
    {
        var top = DiskNodes.Top(disk.VolumeId);
        var isThere = inventory.HasDevice(top, out var sizeBytes);
        try
        {
            if (isThere && IsCut(inventory, top))
            {
                // What the guest still holds was cut off from its disk for good; it must go before the disk can come again.
                await AskGuestAsync(top, ct);
                return new DiskStatus(disk.VolumeId, DiskPhase.Absent) { Problem = "the guest still holds the device of an attachment that was ended by force" };
            }

            if (!isThere)
            {
                await PlugInAsync(inventory, disk, top, ct);
                return DiskStatus.AttachedAs(disk);
            }

            if (!DiskNodes.IsLimitedTo(await DiskInventory.LimitsAsync(execute, top, ct), disk.Limits))
                await LimitAsync(disk, top, ct);

            if (disk.SizeBytes > sizeBytes)
            {
                if (disk.Source is DiskSource.LocalFile)
                    await GrowAsync(disk, top, ct);
                else
                    await GrowServedAsync(disk, top, ct);
                sizeBytes = disk.SizeBytes;
            }

            return new DiskStatus(disk.VolumeId, DiskPhase.Attached) { SizeBytes = sizeBytes, Limits = disk.Limits };
        }
        catch (Exception ex) when (ex is QmpException { Failure: QmpFailure.Refused } or MachineException or IOException or UnauthorizedAccessException)
        {
            return new DiskStatus(disk.VolumeId, isThere ? DiskPhase.Attached : DiskPhase.Absent) { SizeBytes = sizeBytes, Problem = ex.Message };
        }
    }

    private async Task PlugInAsync(DiskInventory inventory, MachineDisk disk, string top, CancellationToken ct)
    {
        var port = await DiskInventory.FindFreePortAsync(execute, ct) ?? throw new MachineException("the machine has no free slot left for another disk");
        var access = await prepare(disk, ct);
        var passphrase = unlock(disk);

        // What a crash left behind may be of another file or another size by now.
        await RemoveChainAsync(inventory, top, ct);
        await execute("object-add", w => DiskNodes.WriteGroup(w, top, disk.Limits), ct);
        if (passphrase is not null)
            await execute("object-add", w => DiskNodes.WriteSecretText(w, top, passphrase), ct);
        if (DiskNodes.HasClient(disk))
            await execute("blockdev-add", w => DiskNodes.WriteProtocol(w, DiskNodes.Protocol(top), disk.Source, access), ct);
        await execute("blockdev-add", w => DiskNodes.WriteChain(w, disk, access), ct);
        await execute(
            "device_add",
            w =>
            {
                w.WriteString("driver", "virtio-blk-pci");
                w.WriteString("bus", port);
                foreach (var (name, value) in DiskNodes.DeviceProperties(disk))
                    w.WriteString(name, value);
            },
            ct);
    }

    private Task LimitAsync(MachineDisk disk, string top, CancellationToken ct) => execute(
        "qom-set",
        w =>
        {
            w.WriteString("path", $"/objects/{DiskNodes.Group(top)}");
            w.WriteString("property", "limits");
            w.WriteStartObject("value");
            DiskNodes.WriteLimits(w, disk.Limits);
            w.WriteEndObject();
        },
        ct);

    private Task GrowAsync(MachineDisk disk, string top, CancellationToken ct) => execute(
        "block_resize",
        w =>
        {
            w.WriteString("node-name", top);
            w.WriteNumber("size", disk.SizeBytes);
        },
        ct);

    /// <summary>Takes a disk away as far as the guest lets it. Null when nothing that matters is left.</summary>
    private async Task<DiskStatus?> RemoveAsync(DiskInventory inventory, string top, bool isForced, CancellationToken ct)
    {
        try
        {
            if (!inventory.HasDevice(top, out var sizeBytes))
            {
                await RemoveChainAsync(inventory, top, ct);
                return null;
            }

            await AskGuestAsync(top, ct);
            if (isForced && !IsCut(inventory, top))
                await CutAsync(inventory, top, sizeBytes, ct);
            else if (!IsCut(inventory, top))
                return new DiskStatus(top, DiskPhase.Leaving) { SizeBytes = sizeBytes };
            await RemoveClientsAsync(top, except: null, ct);
            return null;
        }
        catch (QmpException ex) when (ex.Failure is QmpFailure.Refused)
        {
            return new DiskStatus(top, DiskPhase.Leaving) { Problem = ex.Message };
        }
    }

    /// <summary>Asks, again if need be: a guest that was just booting did not hear it the first time.</summary>
    private async Task AskGuestAsync(string top, CancellationToken ct)
    {
        try
        {
            await execute("device_del", w => w.WriteString("id", DiskNodes.Device(top)), ct);
        }
        catch (QmpException ex) when (ex.ErrorClass is "DeviceNotFound" || ex.Message.Contains(AlreadyAsked, StringComparison.Ordinal))
        {
            // It has just gone, which an event tells; or the guest is at it.
        }
    }

    /// <summary>
    /// Puts a disk of which every request fails in the place of the real one, whose file or server is thereby let go of.
    /// The guest keeps a dead device until it lets go of that.
    /// </summary>
    private async Task CutAsync(DiskInventory inventory, string top, long sizeBytes, CancellationToken ct)
    {
        if (!inventory.HasNode(DiskNodes.Cut(top)))
            await AddDeadNodeAsync(top, sizeBytes, ct);
        await ReopenAsync(
            w =>
            {
                w.WriteString("driver", "throttle");
                w.WriteString("node-name", top);
                w.WriteString("throttle-group", DiskNodes.Group(top));
                w.WriteString("discard", "unmap");
                w.WriteString("file", DiskNodes.Cut(top));
            },
            ct);
    }

    private Task ReopenAsync(Action<Utf8JsonWriter> options, CancellationToken ct) => execute(
        "blockdev-reopen",
        w =>
        {
            w.WriteStartArray("options");
            w.WriteStartObject();
            options(w);
            w.WriteEndObject();
            w.WriteEndArray();
        },
        ct);

    /// <summary>Whether the device has lost its disk: the chain's lower part is gone.</summary>
    private static bool IsCut(DiskInventory inventory, string top) => inventory.HasNode(DiskNodes.Cut(top)) && !inventory.HasNode(DiskNodes.Format(top));

    private Task AddDeadNodeAsync(string top, long sizeBytes, CancellationToken ct)
    {
        const int Eio = 5;
        return execute(
            "blockdev-add",
            w =>
            {
                w.WriteString("driver", "blkdebug");
                w.WriteString("node-name", DiskNodes.Cut(top));
                w.WriteStartObject("image");
                w.WriteString("driver", "null-co");
                w.WriteNumber("size", sizeBytes);
                w.WriteEndObject();
                w.WriteStartArray("inject-error");
                w.WriteStartObject();
                w.WriteString("event", "none");
                w.WriteNumber("errno", Eio);
                w.WriteBoolean("immediately", true);
                w.WriteEndObject();
                w.WriteEndArray();
            },
            ct);
    }

    private async Task RemoveChainAsync(DiskInventory inventory, string top, CancellationToken ct)
    {
        foreach (var node in (string[])[top, DiskNodes.Cut(top)])
        {
            if (inventory.HasNode(node))
                await execute("blockdev-del", w => w.WriteString("node-name", node), ct);
        }

        if (inventory.HasNode(DiskNodes.Grown(top)) || inventory.HasNode(DiskNodes.Protocol(top)))
            await RemoveClientsAsync(top, except: null, ct);
        if (inventory.HasGroup(top))
            await execute("object-del", w => w.WriteString("id", DiskNodes.Group(top)), ct);
        if (inventory.HasSecret(top))
            await execute("object-del", w => w.WriteString("id", DiskNodes.Secret(top)), ct);
    }
}
