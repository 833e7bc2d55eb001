using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    private readonly List<PendingClone> _pendingClones = [];
    private readonly List<string> _deletedVolumes = [];
    private int _snapshotCount;
    private int _cloneCount;

    private static TestSnapshot? PickSnapshot(OpenedVolume opened, SimulationRandom random)
    {
        // An overtaken opener does not know of what the other one made.
        if (opened.Session.IsOvertaken)
            return null;
        var certain = opened.Volume.Snapshots.FindAll(snapshot => snapshot.IsCertain);
        return certain.Count == 0 ? null : random.Pick(certain);
    }

    private async Task SnapshotAsync(OpenedVolume opened)
    {
        var session = opened.Session;
        var snapshot = new TestSnapshot($"s{++_snapshotCount}");
        var wasOvertaken = session.IsOvertaken;
        if (!wasOvertaken)
            opened.Volume.Snapshots.Add(snapshot);
        var begun = session.Begin();
        session.Say($"snapshot {snapshot.Id}");
        await opened.Device.SnapshotAsync(snapshot.Id, default);
        session.Say($"snapshot {snapshot.Id} taken");
        if (wasOvertaken)
            throw new SimulationException(SimulationFailure.UnexpectedSuccess, $"{session.Name}: the overtaken opener took snapshot {snapshot.Id}");
        if (!session.Counts)
            return;
        snapshot.Checker = new SnapshotChecker(opened.Volume.Checker, snapshot.Id, begun);
        session.EndDrain(begun);
    }

    private static async Task ReadSnapshotAsync(OpenedVolume opened, TestSnapshot snapshot)
    {
        opened.Session.Say($"read snapshot {snapshot.Id}");
        await using var device = await opened.Device.OpenSnapshotAsync(snapshot.Id, default);
        var content = new byte[device.SizeBytes];
        await device.ReadAsync(0, content, default);
        if (opened.Session.Counts)
            snapshot.Checker!.Check(content);
    }

    private async Task DeleteSnapshotAsync(OpenedVolume opened, TestSnapshot snapshot)
    {
        var session = opened.Session;
        var isNeeded = _volumes.Exists(volume => volume.Origin == snapshot);
        // While a clone may or may not be gone, so may the refusal.
        if (session.IsOvertaken || _deletedVolumes.Count > 0 || _pendingClones.Exists(clone => clone.Snapshot == snapshot))
            return;
        session.Say($"delete snapshot {snapshot.Id}{(isNeeded ? ", which has a clone" : "")}");
        snapshot.IsDeleting = !isNeeded;
        try
        {
            await opened.Device.DeleteSnapshotAsync(snapshot.Id, default);
        }
        catch (BlockDeviceException ex) when (isNeeded && ex.Error == BlockError.NotSupported)
        {
            return;
        }
        if (isNeeded)
            throw new SimulationException(SimulationFailure.UnexpectedSuccess, $"{session.Name}: snapshot {snapshot.Id} was deleted although it has a clone");
        if (session.Counts)
            opened.Volume.Snapshots.Remove(snapshot);
    }

    private async Task CloneAsync(OpenedVolume opened, TestSnapshot snapshot)
    {
        if (opened.Session.IsOvertaken)
            return;
        if (snapshot.Checker!.Values is null)
            await ReadSnapshotAsync(opened, snapshot);
        var clone = new PendingClone(opened.Volume, snapshot, $"clone{++_cloneCount}");
        _pendingClones.Add(clone);
        await FinishCloneAsync(opened, clone, isRepeated: false);
    }

    // A clone whose making was cut short is made again, or found to be there.
    private async Task FinishCloneAsync(OpenedVolume opened, PendingClone clone, bool isRepeated)
    {
        opened.Session.Say($"clone {clone.Name} of {clone.Snapshot.Id}");
        try
        {
            await opened.Device.CloneAsync(clone.Snapshot.Id, clone.Name, default);
        }
        catch (BlockDeviceException ex) when ((isRepeated || opened.Session.MayBeOvertaken) && ex.Error == BlockError.NotSupported && ex.Message.Contains("exists already", StringComparison.Ordinal))
        {
            opened.Session.Say($"{clone.Name} was made before, or by whoever overtook this one");
        }
        // The opener that is overtaking may have finished it too.
        if (!opened.Session.Counts || !_pendingClones.Remove(clone))
            return;
        _volumes.Add(new TestVolume(clone.Name, new VolumeChecker(clone.Name, clone.Snapshot.Checker!.Values!, NextNumber) { HasReplica = _plan.HasReplica }, clone.Snapshot));
    }

    private async Task FinishClonesAsync(OpenedVolume opened)
    {
        foreach (var clone in _pendingClones.Where(clone => clone.Parent == opened.Volume).ToList())
            await FinishCloneAsync(opened, clone, isRepeated: true);
    }

    // What is listed must be what is known to be there, and each must still be what it was.
    private async Task VerifySnapshotsAsync(OpenedVolume opened, bool readsAll)
    {
        var volume = opened.Volume;
        var listed = opened.Device.Snapshots.Select(snapshot => snapshot.Id).ToHashSet(StringComparer.Ordinal);
        if (volume.Snapshots.Find(snapshot => snapshot.IsCertain && !listed.Contains(snapshot.Id)) is { } missing)
            throw new SimulationException(SimulationFailure.WrongData, $"{volume.Name} has lost snapshot {missing.Id}; it has {string.Join(", ", listed)}");
        if (listed.FirstOrDefault(id => !volume.Snapshots.Exists(snapshot => snapshot.Id == id)) is { } extra)
            throw new SimulationException(SimulationFailure.WrongData, $"{volume.Name} has snapshot {extra}, which was deleted or never taken");
        volume.Snapshots.RemoveAll(snapshot => !listed.Contains(snapshot.Id));
        foreach (var snapshot in volume.Snapshots.ToList())
        {
            if (snapshot.IsCertain && (readsAll || _random.Chance(200)))
                await ReadSnapshotAsync(opened, snapshot);
            else if (!snapshot.IsCertain && !_volumes.Exists(other => other.Origin == snapshot))
                await FinishDeletionAsync(opened, snapshot);
        }
    }

    private static async Task FinishDeletionAsync(OpenedVolume opened, TestSnapshot snapshot)
    {
        if (opened.Session.IsOvertaken || opened.Session.MayBeOvertaken)
            return;
        if (snapshot.Checker is not null)
            await ReadSnapshotAsync(opened, snapshot);
        snapshot.IsDeleting = true;
        opened.Session.Say($"delete snapshot {snapshot.Id} again");
        await opened.Device.DeleteSnapshotAsync(snapshot.Id, default);
        if (opened.Session.Counts)
            opened.Volume.Snapshots.Remove(snapshot);
    }

    // Volumes are deleted while nobody has them open; what was cut short is done again.
    private async Task DeleteVolumesAsync(ProcessSession session, bool deletesAll)
    {
        foreach (var volume in _volumes.Where(volume => volume.Origin is not null).Reverse().ToList())
        {
            var hasClones = volume.Snapshots.Exists(snapshot => _volumes.Exists(other => other.Origin == snapshot) || _pendingClones.Exists(clone => clone.Snapshot == snapshot));
            if (hasClones || !(deletesAll || _random.Chance(100)))
                continue;
            _volumes.Remove(volume);
            _deletedVolumes.Add(volume.Name);
        }
        foreach (var name in _deletedVolumes.ToList())
        {
            _scheduler.Trace.Say($"{session.Process.Name}: delete volume {name}");
            try
            {
                await LogVolume.DeleteAsync(_seams.Store(_store.For(session.Process)), name, Services(session.Process), progress: null, default);
            }
            catch (LogFormatException ex) when (ex.Error == LogFormatError.Missing)
            {
                // Done by an earlier attempt.
            }
            if (session.Process.IsAlive)
                _deletedVolumes.Remove(name);
        }
    }
}
