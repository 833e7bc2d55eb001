using System.Globalization;
using Skep.Blocks.Files;

namespace Skep.Blocks.Log.Replication;

/// <summary>The files of a keeper: for each volume a label and the segments of its log, within a limit of space.</summary>
internal sealed class ReplicaDirectory(IBlockDirectory files, long bytesMax, Action<string> report)
{
    private const string LabelSuffix = ".label";
    private const string NewSuffix = ".new";
    private const string SegmentSuffix = ".segment-";
    private const int LabelBytesMax = 1 << 20;

    private readonly Lock _gate = new();
    private long _usedBytes;
    private int _nextFile;

    /// <summary>Bytes of all segments.</summary>
    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    /// <summary>Finds what is there, and removes what belongs to nothing.</summary>
    /// <exception cref="LogFormatException">A label cannot be read: whom it lets write is not known.</exception>
    public async Task<Dictionary<Guid, ReplicaVolume>> LoadAsync(CancellationToken ct)
    {
        var names = (await files.ListAsync(ct)).Order(StringComparer.Ordinal).ToList();
        Dictionary<Guid, ReplicaVolume> volumes = [];
        foreach (string name in names.Where(n => n.EndsWith(LabelSuffix, StringComparison.Ordinal)))
        {
            var label = await ReadLabelAsync(name, ct);
            volumes.Add(label.VolumeId, new ReplicaVolume(this, label));
        }
        foreach (string name in names)
        {
            if (name.EndsWith(NewSuffix, StringComparison.Ordinal))
                await files.DeleteAsync(name, ct);
            else if (TryParseSegment(name, out var volumeId, out int number))
                await LoadSegmentAsync(name, volumes.GetValueOrDefault(volumeId), number, ct);
        }
        // What a killed keeper had made, only the page cache may know by name.
        await files.SyncAsync(ct);
        return volumes;
    }

    /// <summary>Makes a volume's label durable.</summary>
    public async Task WriteLabelAsync(ReplicaLabel label)
    {
        string name = label.VolumeId.ToString("N") + LabelSuffix;
        await using (var file = await files.OpenAsync(name + NewSuffix, BlockFileMode.OpenOrCreate, CancellationToken.None))
        {
            byte[] data = label.Write();
            await file.SetLengthAsync(data.Length, CancellationToken.None);
            await file.WriteAsync(0, data, CancellationToken.None);
            await file.SyncAsync(CancellationToken.None);
        }
        await files.RenameAsync(name + NewSuffix, name, CancellationToken.None);
        await files.SyncAsync(CancellationToken.None);
    }

    /// <summary>Makes a file for a segment.</summary>
    /// <exception cref="ReplicaException">There is no room.</exception>
    public async Task<ReplicaSegment> CreateAsync(Guid volumeId, int lengthBytes)
    {
        string name;
        lock (_gate)
        {
            if (_usedBytes + lengthBytes > bytesMax)
                throw new ReplicaException(ReplicaRefusal.Full, $"the copies of logs take {_usedBytes} bytes of {bytesMax}: there is no room for {lengthBytes} more");
            _usedBytes += lengthBytes;
            name = string.Create(CultureInfo.InvariantCulture, $"{volumeId:N}{SegmentSuffix}{_nextFile++:x8}");
        }
        ReplicaSegment? segment = null;
        try
        {
            segment = new ReplicaSegment(name, await files.OpenAsync(name, BlockFileMode.CreateNew, CancellationToken.None));
            await segment.FillAsync(0, lengthBytes, CancellationToken.None);
            await segment.SyncAsync();
            await files.SyncAsync(CancellationToken.None);
            return segment;
        }
        catch (Exception ex) when (ex is IOException)
        {
            Interlocked.Add(ref _usedBytes, -lengthBytes);
            if (segment is not null)
                await TryDeleteAsync(segment);
            throw FileErrors.IsDiskFull(ex) ? new ReplicaException(ReplicaRefusal.Full, $"the disk is full: {ex.Message}", ex) : ex;
        }
    }

    /// <summary>Removes a segment's file.</summary>
    public async Task DeleteAsync(ReplicaSegment segment)
    {
        Interlocked.Add(ref _usedBytes, -segment.LengthBytes);
        await TryDeleteAsync(segment);
    }

    private async Task TryDeleteAsync(ReplicaSegment segment)
    {
        try
        {
            await segment.DisposeAsync();
            await files.DeleteAsync(segment.Name, CancellationToken.None);
        }
        catch (IOException ex)
        {
            report($"{segment.Name} could not be removed: {ex.Message}");
        }
    }

    private async Task<ReplicaLabel> ReadLabelAsync(string name, CancellationToken ct)
    {
        await using var file = await files.OpenAsync(name, BlockFileMode.Open, ct);
        byte[] data = new byte[Math.Min(file.LengthBytes, LabelBytesMax)];
        int read = await file.ReadAsync(0, data, ct);
        return ReplicaLabel.Read(data.AsSpan(0, read), name);
    }

    private async Task LoadSegmentAsync(string name, ReplicaVolume? volume, int number, CancellationToken ct)
    {
        _nextFile = Math.Max(_nextFile, number + 1);
        var segment = new ReplicaSegment(name, await files.OpenAsync(name, BlockFileMode.Open, ct));
        long length = segment.LengthBytes;
        if (volume is not null && await segment.ScanAsync(ct) && volume.TryTake(segment))
            Interlocked.Add(ref _usedBytes, length);
        else
            await TryDeleteAsync(segment);
    }

    private static bool TryParseSegment(string name, out Guid volumeId, out int number)
    {
        number = 0;
        int at = name.IndexOf(SegmentSuffix, StringComparison.Ordinal);
        volumeId = default;
        return at > 0 && Guid.TryParseExact(name.AsSpan(0, at), "N", out volumeId) &&
            int.TryParse(name.AsSpan(at + SegmentSuffix.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out number);
    }
}
