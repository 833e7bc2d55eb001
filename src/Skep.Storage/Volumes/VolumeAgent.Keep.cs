using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Storage.Volumes;

internal sealed partial class VolumeAgent
{
    /// <summary>
    /// Looks after a volume whose disk exists: its state, its size, its limits. A disk that a machine has open is grown by
    /// the machine, which says so in the instance's status; others are grown here.
    /// </summary>
    private async Task<TimeSpan?> KeepAsync(ResourceKey key, Volume volume, View view, CancellationToken ct)
    {
        var instance = InstanceOf(key, volume, view);
        var inMachine = instance is { HasMachine: true };
        var device = inMachine ? instance!.Status!.BlockDevices?.Find(d => d.VolumeId == key.Name) : null;
        var sizeGib = volume.Status!.SizeGib ?? 0;
        string? problem = null;
        if (options.IsSimulated || sizeGib >= volume.Spec.SizeGib)
        {
            sizeGib = volume.Spec.SizeGib;
        }
        else if (inMachine)
        {
            sizeGib = Math.Max(sizeGib, device?.SizeGib ?? 0);
        }
        else if (volume.Status is { Path: { } path, Format: { } format })
        {
            try
            {
                await files.GrowAsync(path, format, volume.Spec.SizeGib, OpenKey(key.Name, volume.Status.Key), ct);
                sizeGib = volume.Spec.SizeGib;
            }
            catch (VolumeException ex)
            {
                problem = ex.Message;
                LogNotGrown(key, problem);
            }
        }

        await SetStatusAsync(key, sizeGib, sizeGib >= volume.Spec.SizeGib, inMachine ? device : null, inMachine, problem, ct);
        return problem is null ? null : _retryPause;
    }

    private static InstanceView? InstanceOf(ResourceKey key, Volume volume, View view) =>
        volume.Spec.Attachment is { InstanceId: { Length: > 0 } instanceId }
            ? view.Get(new ResourceKey(InstanceView.Resource, key.Namespace, instanceId))?.View(ForeignJson.Default.InstanceView)
            : null;

    private static VolumeLimits? LimitsOf(VolumeSpec spec) => VolumeType.Find(spec.VolumeType)?.LimitsOf(spec.SizeGib, spec.Iops, spec.Throughput);

    private Task SetStatusAsync(ResourceKey key, long sizeGib, bool isGrown, InstanceView.BlockDeviceStatusView? device, bool inMachine, string? problem, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            if (v.Status is not { } status)
                return false;
            var (state, limits) = (StateOf(v), LimitsOf(v.Spec));
            var changes = status.State != state || status.Message is not null || status.SizeGib != sizeGib || !VolumeLimits.AreSame(status.Limits, limits);
            status.State = state;
            status.Message = null;
            status.SizeGib = sizeGib;
            status.Limits = limits;
            var isApplied = !inMachine || (device is not null && VolumeLimits.AreSame(device.Limits, limits));
            return Advance(status.Modification, isGrown && sizeGib >= v.Spec.SizeGib, isApplied, problem) || changes;
        }, ct);

    private bool Advance(VolumeModification? modification, bool isGrown, bool isApplied, string? problem)
    {
        if (modification is not { State: VolumeModificationState.Modifying or VolumeModificationState.Optimizing })
            return false;
        const int Half = 50;
        const int Whole = 100;
        var (state, progress) = (isGrown, isApplied) switch
        {
            (true, true) => (VolumeModificationState.Completed, Whole),
            (true, false) => (VolumeModificationState.Optimizing, Half),
            _ => (VolumeModificationState.Modifying, 0),
        };
        if ((modification.State, modification.Progress, modification.Message) == (state, progress, problem))
            return false;
        (modification.State, modification.Progress, modification.Message) = (state, progress, problem);
        modification.EndTime = state == VolumeModificationState.Completed ? client.Time.GetUtcNow() : null;
        return true;
    }

    [LoggerMessage(EventId = 1402, Level = LogLevel.Warning, Message = "volume {Key} cannot be grown now: {Why}")]
    private partial void LogNotGrown(ResourceKey key, string why);
}
