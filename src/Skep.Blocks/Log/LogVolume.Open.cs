using Skep.Blocks.Compression;
using Skep.Blocks.Keys;
using Skep.Blocks.Log.Replication;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>How often opening begins anew when others open at the same time.</summary>
    private const int ClaimAttemptsMax = 16;

    /// <summary>Makes a volume. One that was being made when its maker died is finished.</summary>
    /// <exception cref="BlockDeviceException">It exists already.</exception>
    /// <exception cref="LogFormatException">The key ring lacks its current key.</exception>
    public static async Task CreateAsync(IObjectStore store, string name, LogVolumeFormat format, IKeyRing? keys, LogVolumeServices services, CancellationToken ct)
    {
        VolumeNames.Check(name);
        if (format.SizeBytes <= 0 || format.SizeBytes % Extent.SectorBytes != 0)
            throw new ArgumentException($"the size of volume {name} is {format.SizeBytes} bytes, expected a positive multiple of {Extent.SectorBytes}", nameof(format));
        if (format.ObjectBytes is < 64 << 10 or > 64 << 20)
            throw new ArgumentException($"the objects of volume {name} would have {format.ObjectBytes} bytes, expected {64 << 10} to {64 << 20}", nameof(format));
        if (format.Compression == LogCompression.Zstd)
            Zstd.Require();
        var reader = StoreReader.Of(store, name, services);
        var identity = await CreateIdentityAsync(reader, name, new VolumeIdentity(services.NewId(), services.NewId(), "", default), ct);
        List<ManifestChange> changes = [new VolumeCreated(format.SizeBytes, format.ObjectBytes, format.Compression, format.HasBase, IsClone: false)];
        if (format.IsEncrypted)
        {
            if (keys is null)
                throw new ArgumentException($"volume {name} is to be encrypted and no keys were given", nameof(keys));
            changes.Add(new KeyWrapped(keys.CurrentKeyId, VolumeKey.Create(services.Random).Wrap(keys, keys.CurrentKeyId, identity.VolumeId, services.Random)));
        }
        await CreateFirstRecordAsync(reader, name, identity, changes, ct);
    }

    /// <summary>Takes the name, or finds who has it.</summary>
    private static async Task<VolumeIdentity> CreateIdentityAsync(StoreReader reader, string name, VolumeIdentity identity, CancellationToken ct)
    {
        string key = VolumeNames.Identity(name);
        if (await reader.RetryAsync(() => reader.Store.PutAsync(key, [identity.Write()], PutCondition.IfAbsent, ct), ct))
            return identity;
        var found = VolumeIdentity.Read(await reader.ReadAsync(key, ct) ?? throw Exists(name), key);
        bool isSameParent = found.ParentVolume == identity.ParentVolume && found.ParentId == identity.ParentId;
        return isSameParent && await reader.ReadAsync(VolumeNames.Record(name, 1), ct) is null ? found : throw Exists(name);
    }

    private static async Task CreateFirstRecordAsync(StoreReader reader, string name, VolumeIdentity identity, IReadOnlyList<ManifestChange> changes, CancellationToken ct)
    {
        var record = new ManifestRecord(1, Epoch: 1, identity.CreationNonce, default, changes);
        bool isFirst = await reader.RetryAsync(
            () => reader.Store.PutAsync(VolumeNames.Record(name, 1), [ManifestCodec.Write(record, identity.VolumeId)], PutCondition.IfAbsent, ct), ct);
        if (isFirst)
            return;
        // An attempt that timed out may have taken effect; another maker's record would have other wrapped keys or sizes.
        byte[]? found = await reader.ReadAsync(VolumeNames.Record(name, 1), ct);
        if (found is null || !found.AsSpan().SequenceEqual(ManifestCodec.Write(record, identity.VolumeId).Span))
            throw Exists(name);
    }

    private static BlockDeviceException Exists(string name) => new(BlockError.NotSupported, $"volume {name} exists already");

    /// <summary>
    /// Opens a volume for reading and writing: takes it from whoever had it, and replays what the local log has and the
    /// store lacks.
    /// </summary>
    /// <exception cref="LogFormatException">There is no such volume, or something of it is damaged, foreign, newer, or encrypted with another key.</exception>
    /// <exception cref="BlockDeviceException">Another opener took it meanwhile, or the local disk has no room.</exception>
    /// <exception cref="IOException">The log directory is in use, or its disk failed.</exception>
    public static async Task<LogVolume> OpenAsync(LogVolumeSettings settings, CancellationToken ct)
    {
        Check(settings);
        var directoryLock = await settings.LogDirectory.LockAsync(ct);
        LogVolume? volume = null;
        try
        {
            volume = await ClaimAsync(settings, directoryLock, ct);
            await volume._wal.OpenAsync(volume._state.Epoch, volume._state.Drained, ct);
            volume.Start();
            return volume;
        }
        catch
        {
            if (volume is not null)
                await volume.AbandonAsync();
            else
                directoryLock.Dispose();
            throw;
        }
    }

    private static void Check(LogVolumeSettings settings)
    {
        VolumeNames.Check(settings.Name);
        if (settings.SegmentBytes < 64 << 10 || settings.SegmentBytes % 4096 != 0)
            throw new ArgumentException($"log segments of volume {settings.Name} would have {settings.SegmentBytes} bytes, expected a multiple of 4096 of at least {64 << 10}", nameof(settings));
        if (settings.LogBytes < 4L * settings.SegmentBytes)
            throw new ArgumentException($"the log of volume {settings.Name} would have {settings.LogBytes} bytes, expected at least four segments of {settings.SegmentBytes}", nameof(settings));
        if (settings.CheckpointRecords < 2)
            throw new ArgumentException($"a checkpoint every {settings.CheckpointRecords} records was asked for volume {settings.Name}, expected at least 2", nameof(settings));
        if (settings.UploadsInFlight < 1)
            throw new ArgumentException($"{settings.UploadsInFlight} uploads in flight were asked for volume {settings.Name}, expected at least 1", nameof(settings));
    }

    private static async Task<LogVolume> ClaimAsync(LogVolumeSettings settings, IDisposable directoryLock, CancellationToken ct)
    {
        var services = settings.Services;
        var reader = StoreReader.Of(settings);
        var loader = new VolumeLoader(reader, settings.Name);
        var identity = await loader.LoadIdentityAsync(ct);
        await loader.RefuseDeletedAsync(identity, ct);
        var incomplete = await ReplicaRecovery.FindIncompleteAsync(settings.LogDirectory, ct);
        if (settings.Replica is not null)
            await ReplicaRecovery.DropIncompleteAsync(settings.LogDirectory, incomplete, ct);
        var localLogs = await WriteAheadLog.FindLogsAsync(settings.LogDirectory, ct);
        localLogs.ExceptWith(incomplete);
        for (int attempt = 0; attempt < ClaimAttemptsMax; attempt++)
        {
            var loaded = await loader.LoadAsync(identity, ct);
            var state = loaded.State;
            var key = state.Key is { } wrapped ? VolumeKey.Unwrap(wrapped.Wrapped, settings.Keys, wrapped.KeyId, identity.VolumeId, settings.Name) : null;
            if (state.Compression == LogCompression.Zstd)
                Zstd.Require();
            if (state.HasBase && settings.Base is null)
                throw new ArgumentException($"volume {settings.Name} reads from a base device until it is hydrated, and none was given", nameof(settings));
            await WriteAheadLog.RefuseHeadlessAsync(settings.LogDirectory, settings.Name, state.Drained.Values.DefaultIfEmpty().Max(), ct);
            // Only the log of the last opener may be replayed: another one's writes were overtaken.
            bool isHere = localLogs.Contains(state.WalId);
            var walId = isHere ? state.WalId : services.NewId();
            var adoption = new ReplicaHandshake(identity.VolumeId, state.WalId, state.Epoch + 1, walId);
            if (await AdoptAsync(settings, adoption, isHere, incomplete, ct) is not { } isAdopted)
                continue;
            var session = services.NewId();
            ulong fence = loaded.Fence + 1;
            if (!await ManifestLog.TryFenceAsync(settings, identity.VolumeId, fence, new VolumeFence(session, state.Number), ct))
                continue;
            var manifest = new ManifestLog(settings, identity.VolumeId, session, fence);
            var claim = new ManifestRecord(state.Number + 1, state.Epoch + 1, services.NewId(), state.Nonce, ChangesOf(new VolumeClaimed(walId, fence), state, isAdopted));
            if (!await manifest.AppendAsync(claim, ct))
                continue;
            state.Apply(claim, VolumeNames.Record(settings.Name, claim.Number));
            if (isAdopted)
                await ReplicaRecovery.FetchAsync(settings, adoption, ct);
            var cache = await ReadCache.OpenAsync(settings, key is not null, ct);
            return new LogVolume(settings, identity, state, manifest, key, walId, directoryLock, cache);
        }
        throw new BlockDeviceException(BlockError.Shutdown, $"volume {settings.Name} was taken by other openers {ClaimAttemptsMax} times while it was being opened");
    }

    /// <summary>Takes over the last opener's log at the replica, if it is not here.</summary>
    /// <returns>Whether the replica has it; null when somebody else is opening the volume at the moment.</returns>
    private static async Task<bool?> AdoptAsync(LogVolumeSettings settings, ReplicaHandshake adoption, bool isHere, HashSet<Guid> incomplete, CancellationToken ct)
    {
        if (isHere || adoption.WalId == Guid.Empty)
            return false;
        if (settings.Replica is null)
        {
            return incomplete.Contains(adoption.WalId)
                ? throw new BlockDeviceException(BlockError.Io, $"volume {settings.Name}: its log was being fetched from a replica and is not complete here; open it with that replica once more")
                : false;
        }
        try
        {
            return await ReplicaRecovery.AdoptAsync(settings, adoption, ct);
        }
        catch (ReplicaException ex) when (ex.Refusal == ReplicaRefusal.Fenced)
        {
            await Task.Delay(settings.RetryDelay, settings.Services.TimeProvider, ct);
            return null;
        }
    }

    /// <summary>What a claim says. A log that goes on under another id is as far in the store as it was.</summary>
    private static List<ManifestChange> ChangesOf(VolumeClaimed claimed, VolumeState state, bool isAdopted) =>
        isAdopted ? [claimed, new LogDrained(claimed.WalId, state.Drained.GetValueOrDefault(state.WalId))] : [claimed];

    private void Start()
    {
        _loops.Add(_wal.PrepareSegmentsAsync());
        _loops.Add(_wal.ReplicateAsync());
        _loops.Add(DrainLoopAsync());
        _loops.Add(CommitLoopAsync());
        _loops.Add(MaintenanceLoopAsync());
        Report(LogVolumeEventKind.Opened, $"volume {Name} is open: epoch {_state.Epoch}, record {_state.Number}, {_walMap.DataSectors * Extent.SectorBytes} bytes recovered from the local log", null);
    }
}
