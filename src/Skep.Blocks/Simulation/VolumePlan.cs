namespace Skep.Blocks.Simulation;

/// <summary>What a seed decides once for a whole history: the volume's form, its settings and the weather.</summary>
internal sealed class VolumePlan
{
    private const int KiB = 1024;

    public VolumePlan(SimulationRandom random)
    {
        SizeBytes = random.Between(64, 700) * (long)SectorStamp.SectorSize;
        IsEncrypted = random.Chance(300);
        IsCompressed = random.Chance(500);
        SegmentBytes = random.Pick<int>([64, 64, 128]) * KiB;
        LogBytes = SegmentBytes * (long)random.Between(4, 8);
        HasCache = random.Chance(500);
        CacheBytes = random.Pick<int>([64, 256, 1024]) * KiB;
        BatchAge = random.Pick<TimeSpan>([TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)]);
        UploadsInFlight = random.Between(1, 4);
        CheckpointRecords = random.Between(2, 16);
        CollectBelowLive = random.Pick<double>([0, 0.5, 0.7, 0.95]);
        CollectInterval = random.Pick<TimeSpan>([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)]);
        ReadAheadBytes = random.Pick<int>([0, 32 * KiB]);
        ClientCount = random.Between(1, 6);
        Weather = random.Pick<Weather>([Weather.Calm, Weather.Calm, Weather.Changing, Weather.Changing, Weather.Storm]);
        HasReplica = random.Chance(400);
        ReplicaWindowBytes = random.Pick<int>([256, 512]) * KiB;
        ReadTimeout = random.Chance(200) ? TimeSpan.FromSeconds(random.Between(30, 120)) : null;
        BaseSectors = random.Chance(250) ? random.Between(1, (int)(SizeBytes / SectorStamp.SectorSize)) : 0;
    }

    public long SizeBytes { get; }

    public bool IsEncrypted { get; }

    public bool IsCompressed { get; }

    public int SegmentBytes { get; }

    public long LogBytes { get; }

    public bool HasCache { get; }

    public long CacheBytes { get; }

    public TimeSpan BatchAge { get; }

    public int UploadsInFlight { get; }

    public int CheckpointRecords { get; }

    public double CollectBelowLive { get; }

    public TimeSpan CollectInterval { get; }

    public int ReadAheadBytes { get; }

    public int ClientCount { get; }

    public Weather Weather { get; }

    /// <summary>A second copy of the log is kept.</summary>
    public bool HasReplica { get; }

    public int ReplicaWindowBytes { get; }

    /// <summary>How long reads wait for the store; null for ever.</summary>
    public TimeSpan? ReadTimeout { get; }

    /// <summary>Sectors of the device that the volume reads from until it is hydrated; 0 for none.</summary>
    public int BaseSectors { get; }

    public override string ToString() =>
        $"{SizeBytes} bytes, encrypted {IsEncrypted}, compressed {IsCompressed}, segments {SegmentBytes} of {LogBytes}, cache {(HasCache ? CacheBytes : 0)}, "
        + $"batch {BatchAge}, uploads {UploadsInFlight}, checkpoint {CheckpointRecords}, collect {CollectBelowLive} each {CollectInterval}, clients {ClientCount}, replica {HasReplica}, reads wait {ReadTimeout}, base {BaseSectors}, {Weather}";
}

/// <summary>How much goes wrong.</summary>
internal enum Weather
{
    /// <summary>Nothing but crashes.</summary>
    Calm,

    /// <summary>Each session may have its own troubles.</summary>
    Changing,

    /// <summary>Every session has many.</summary>
    Storm,
}
