using Skep.Blocks.Files;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// Keeps copies of the write-ahead logs of many volumes, so that what their openers flushed survives the loss of their
/// machines (docs/block-replica.md). Thread-safe.
/// </summary>
public sealed class ReplicaServer : IAsyncDisposable
{
    /// <summary>The longest segment that is taken.</summary>
    internal const int SegmentBytesMax = 64 << 20;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly ReplicaDirectory _directory;
    private readonly Dictionary<Guid, ReplicaVolume> _volumes;
    private readonly IDisposable _lock;
    private readonly TimeProvider _time;

    private ReplicaServer(ReplicaDirectory directory, Dictionary<Guid, ReplicaVolume> volumes, IDisposable directoryLock, TimeProvider time) =>
        (_directory, _volumes, _lock, _time) = (directory, volumes, directoryLock, time);

    /// <summary>How many volumes it knows.</summary>
    public int VolumeCount => _volumes.Count;

    /// <summary>Bytes that the copies take.</summary>
    public long UsedBytes => _directory.UsedBytes;

    /// <summary>Opens a directory of copies.</summary>
    /// <param name="directory">For this server alone.</param>
    /// <param name="bytesMax">The most that the copies take; writers that need more are refused, and bring their logs to their stores.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told what an operator should know.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="IOException">The directory is in use, or its disk failed.</exception>
    /// <exception cref="LogFormatException">Something in it is damaged or newer.</exception>
    public static async Task<ReplicaServer> OpenAsync(IBlockDirectory directory, long bytesMax, TimeProvider time, Action<string> report, CancellationToken ct)
    {
        var directoryLock = await directory.LockAsync(ct);
        try
        {
            var files = new ReplicaDirectory(directory, bytesMax, report);
            return new ReplicaServer(files, await files.LoadAsync(ct), directoryLock, time);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>Serves a connection until it ends; both ends know each other already.</summary>
    /// <returns>Why the other end was refused; null when it was not.</returns>
    public async Task<string?> ServeAsync(Stream stream, CancellationToken ct)
    {
        using var session = new ReplicaSession(this, stream, _time);
        return await session.RunAsync(ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var volume in _volumes.Values)
            await volume.DisposeAsync();
        _lock.Dispose();
    }

    internal async Task<ReplicaVolume?> FindAsync(Guid volumeId)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            return _volumes.GetValueOrDefault(volumeId);
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async Task<ReplicaVolume> FindOrCreateAsync(ReplicaHandshake handshake)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            if (!_volumes.TryGetValue(handshake.VolumeId, out var volume))
                _volumes.Add(handshake.VolumeId, volume = new ReplicaVolume(_directory, new ReplicaLabel(handshake.VolumeId, Epoch: 0, WriterEpoch: 0, Base: 0, [])));
            return volume;
        }
        finally
        {
            _gate.Release();
        }
    }
}
