namespace Skep.Blocks.Simulation;

/// <summary>The oracle of one snapshot: the first complete reading must be one moment while it was taken, all later ones the same.</summary>
public sealed class SnapshotChecker
{
    private readonly string _name;
    private readonly List<CheckedWrite>[] _allowed;
    private readonly List<CheckedWrite>[] _history;
    private long[]? _values;

    /// <summary>A snapshot was taken.</summary>
    /// <param name="volume">The volume's checker, as it is now.</param>
    /// <param name="id">The snapshot's id.</param>
    /// <param name="begun">From <see cref="VolumeChecker.Begin"/>, before it was asked for.</param>
    public SnapshotChecker(VolumeChecker volume, string id, long begun)
    {
        Id = id;
        _name = $"snapshot {id} of {volume.Name}";
        _allowed = volume.CurrentSince(begun);
        _history = volume.History;
    }

    /// <summary>The snapshot's id.</summary>
    public string Id { get; }

    /// <summary>The snapshot's size in bytes.</summary>
    public long SizeBytes => _allowed.Length * (long)SectorStamp.SectorSize;

    /// <summary>What its sectors hold; null until it was read.</summary>
    public IReadOnlyList<long>? Values => _values;

    /// <summary>Checks a complete reading.</summary>
    /// <exception cref="SimulationException">A sector holds what it must not.</exception>
    public void Check(ReadOnlySpan<byte> content)
    {
        if (content.Length != SizeBytes)
            throw new SimulationException(SimulationFailure.WrongData, $"{_name} has {content.Length} bytes, expected {SizeBytes}");
        var values = VolumeChecker.ReadAll(content);
        if (_values is null)
            CheckFirst(content, values);
        for (var sector = 0; sector < values.Length; sector++)
        {
            if (_values is not null && values[sector] != _values[sector])
                throw Wrong(content, sector, _values[sector] == 0 ? "zeroes" : $"{_values[sector]}, which was there before");
        }
        _values = values;
    }

    private void CheckFirst(ReadOnlySpan<byte> content, long[] values)
    {
        long moment = 0;
        for (var sector = 0; sector < values.Length; sector++)
        {
            var found = _allowed[sector].Where(write => write.Value == values[sector]).MinBy(write => write.Invoked)
                ?? throw Wrong(content, sector, string.Join(", ", _allowed[sector].Select(write => write.Number)));
            moment = Math.Max(moment, found.Invoked);
        }
        for (var sector = 0; sector < values.Length; sector++)
        {
            var possible = _allowed[sector]
                .Where(write => !_history[sector].Exists(later => later.IsCertain && later.Invoked > write.Ended && later.Ended < moment))
                .ToList();
            if (!possible.Exists(write => write.Value == values[sector]))
                throw Wrong(content, sector, $"{string.Join(", ", possible.Select(write => write.Number))} at the moment that other sectors show");
        }
    }

    private SimulationException Wrong(ReadOnlySpan<byte> content, int sector, string allowed) => new(
        SimulationFailure.WrongData,
        $"{_name}: sector {sector} holds {SectorStamp.Describe(content.Slice(sector * SectorStamp.SectorSize, SectorStamp.SectorSize), sector)}, allowed: {allowed}");
}
