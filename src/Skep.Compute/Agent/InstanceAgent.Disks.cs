using System.Text.Json.Nodes;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Agent;

public sealed partial class InstanceAgent
{
    /// <summary>
    /// Brings the disks of a running machine to what the instance and its volumes want, says in the status how far they
    /// are, and gives back the volumes whose disks are gone. Returns when to look again.
    /// </summary>
    private async Task<TimeSpan?> AlignDisksAsync(ResourceKey key, CancellationToken ct)
    {
        var view = _client.View;
        if (view.Get(key)?.View(ComputeKinds.Instance) is not { } instance)
            return null;
        var plan = PlanDisks(view, key, instance);
        IReadOnlyList<DiskStatus> disks;
        try
        {
            disks = await _hypervisor.AlignDisksAsync(key, plan, ct);
        }
        catch (MachineException ex)
        {
            LogDisksNotAligned(key.Name, ex.Message);
            return _patience.DiskPeriod;
        }

        var now = Time.GetUtcNow();
        List<InstanceBlockDeviceStatus> status = [.. disks.Select(d => Describe(d, AttachmentOf(view, key, d.VolumeId), now))];
        var before = instance.Status?.BlockDevices ?? [];
        if (!AreSame(before, status))
            await SetAsync(key, (_, s) => s.BlockDevices = status.Count == 0 ? null : status, ct);
        foreach (var device in status.Where(d => d.Message is not null && before.Find(b => b.VolumeId == d.VolumeId)?.Message != d.Message))
            LogDiskProblem(key.Name, device.VolumeId, device.Message!);
        foreach (var device in instance.Spec.BlockDevices)
        {
            if (AttachmentOf(view, key, device.VolumeId) is { Detach: not null } && !disks.Any(d => d.VolumeId == device.VolumeId))
                await ReleaseAsync(key, device.VolumeId, ct);
        }

        return disks.Any(d => d.Phase is not DiskPhase.Attached || d.Problem is not null) ? _patience.DiskPeriod : null;
    }

    /// <summary>Gives back, of an instance that has no machine, the volumes that are to be detached.</summary>
    private async Task ReleaseDetachedAsync(ResourceKey key, Instance instance, CancellationToken ct)
    {
        var view = _client.View;
        foreach (var device in instance.Spec.BlockDevices)
        {
            if (AttachmentOf(view, key, device.VolumeId) is { Detach: not null })
                await ReleaseAsync(key, device.VolumeId, ct);
        }
    }

    private DiskPlan PlanDisks(View view, ResourceKey key, Instance instance)
    {
        var wanted = new List<MachineDisk>();
        var kept = new HashSet<string>(StringComparer.Ordinal);
        var leaving = new HashSet<string>(StringComparer.Ordinal);
        var forced = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in instance.Spec.BlockDevices)
        {
            var volume = VolumeOf(view, key, device.VolumeId);
            var attachment = volume?.Spec.Attachment;
            if (attachment is { Detach: { } detach })
            {
                leaving.Add(device.VolumeId);
                if (detach == "Forced" && Time.GetUtcNow() >= attachment.DetachTime + _patience.DiskForceDeadline)
                    forced.Add(device.VolumeId);
            }
            else if (volume is { Metadata.DeletionTimestamp: null } && attachment?.InstanceId == key.Name && volume.Disk(device.VolumeId, _hypervisor.NeedsDevices) is { } disk)
            {
                wanted.Add(disk);
            }
            else
            {
                kept.Add(device.VolumeId); // not made yet, or on its way out with the instance: neither is a wish to unplug it
            }
        }

        return new DiskPlan { Wanted = wanted, Kept = kept, Leaving = leaving, Forced = forced };
    }

    private InstanceBlockDeviceStatus Describe(DiskStatus disk, PartAttachment? attachment, DateTimeOffset now)
    {
        const long GiB = 1L << 30;
        return new InstanceBlockDeviceStatus
        {
            VolumeId = disk.VolumeId,
            State = disk.Phase switch
            {
                DiskPhase.Attached => DiskState.Attached,
                DiskPhase.Absent => DiskState.Attaching,
                _ => now >= attachment?.DetachTime + _patience.DiskBusyAfter ? DiskState.Busy : DiskState.Detaching,
            },
            SizeGib = disk.SizeBytes > 0 ? disk.SizeBytes / GiB : null,
            Limits = disk.Limits,
            Message = disk.Problem,
        };
    }

    private static bool AreSame(List<InstanceBlockDeviceStatus> a, List<InstanceBlockDeviceStatus> b) =>
        a.Count == b.Count && a.Zip(b).All(static pair =>
            (pair.First.VolumeId, pair.First.State, pair.First.SizeGib, pair.First.Message) == (pair.Second.VolumeId, pair.Second.State, pair.Second.SizeGib, pair.Second.Message)
            && DiskLimits.AreSame(pair.First.Limits, pair.Second.Limits));

    private static VolumeView? VolumeOf(View view, ResourceKey instance, string volumeId) =>
        view.Get(new ResourceKey(VolumeView.GroupResource, instance.Namespace, volumeId))?.View(MachinePartsJson.Default.VolumeView);

    private static PartAttachment? AttachmentOf(View view, ResourceKey instance, string volumeId) =>
        VolumeOf(view, instance, volumeId)?.Spec.Attachment is { } attachment && attachment.InstanceId == instance.Name ? attachment : null;

    /// <summary>The disk is gone: the instance's device and the volume's attachment go together.</summary>
    private async Task ReleaseAsync(ResourceKey key, string volumeId, CancellationToken ct)
    {
        const int AttemptsMax = 8;
        for (var attempt = 1; ; attempt++)
        {
            var transaction = _client.Begin();
            if (transaction.View.Get(key) is not { } instanceResource)
                return;
            var instance = ComputeKinds.Instance.Decode(instanceResource);
            var volumeKey = new ResourceKey(VolumeView.GroupResource, key.Namespace, volumeId);
            if (AttachmentOf(transaction.View, key, volumeId) is not { Detach: not null } || transaction.View.Get(volumeKey) is not { } volume)
                return;
            instance.Spec.BlockDevices.RemoveAll(d => d.VolumeId == volumeId);
            transaction.Update(ComputeKinds.Instance, instance, WriteScope.Main);
            var document = ResourceDocument.ParseObject(volume.Json.Span);
            ((JsonObject)document["spec"]!).Remove("attachment");
            transaction.Update(_client.Kinds[VolumeView.GroupResource], ResourceDocument.ToBytes(document), WriteScope.Main);
            try
            {
                await transaction.CommitAsync(ct);
                LogDetached(key.Name, volumeId);
                return;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < AttemptsMax)
            {
                // Somebody else wrote one of the two: judge anew.
            }
        }
    }
}
