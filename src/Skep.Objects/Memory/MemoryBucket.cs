using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

/// <summary>A bucket in memory. Its owner's lock guards it.</summary>
internal sealed class MemoryBucket(BucketInfo info, Action<BucketInfo, BucketUsage> checkOwner)
{
    public BucketInfo Info { get; set; } = info;

    public Dictionary<string, ReadOnlyMemory<byte>> Documents { get; } = new(StringComparer.Ordinal);

    public SortedSet<MemoryRow> Rows { get; } = new(new MemoryRowOrder());

    public Dictionary<string, MemoryUpload> Uploads { get; } = new(StringComparer.Ordinal);

    /// <summary>All rows of a key, the newest first.</summary>
    public IEnumerable<MemoryRow> RowsOf(byte[] key)
    {
        var newest = new MemoryRow(key, long.MaxValue) { Version = MemoryBackend.NoVersion };
        var oldest = new MemoryRow(key, 0) { Version = MemoryBackend.NoVersion };
        return Rows.GetViewBetween(newest, oldest);
    }

    /// <summary>What a request without a version id gets; may be a delete marker.</summary>
    public MemoryRow? Latest(byte[] key) => RowsOf(key).FirstOrDefault();

    public ObjectVersion Describe(MemoryRow row) => row.Version with { Sequence = row.Sequence, IsLatest = Latest(row.Key) == row };

    /// <summary>Adds a row and takes away the one that it replaces, if the bucket's quota allows.</summary>
    public void Add(MemoryRow row, MemoryRow? replaced)
    {
        var usage = Info.Usage;
        usage = replaced is null ? usage : Change(usage, replaced, -1);
        usage = Change(usage, row, 1);
        SetUsage(usage);
        if (replaced is not null)
            Rows.Remove(replaced);
        Rows.Add(row);
    }

    public void Remove(MemoryRow row)
    {
        SetUsage(Change(Info.Usage, row, -1));
        Rows.Remove(row);
    }

    /// <exception cref="ObjectException">The quota would be exceeded.</exception>
    public void SetUsage(BucketUsage usage)
    {
        Quotas.Check($"bucket {Info.Name}", Info.Quota, Info.Usage, usage);
        checkOwner(Info, usage);
        Info = Info with { Usage = usage };
    }

    private static BucketUsage Change(BucketUsage usage, MemoryRow row, int sign) =>
        row.Version.IsDeleteMarker ? usage : usage with { Bytes = usage.Bytes + (sign * row.Version.LengthBytes), Objects = usage.Objects + sign };
}

/// <summary>An upload in memory.</summary>
internal sealed class MemoryUpload(UploadInfo info, long sequence)
{
    public UploadInfo Info { get; } = info;

    public long Sequence { get; } = sequence;

    public SortedDictionary<int, (PartInfo Info, MemoryContent Content)> Parts { get; } = [];

    public long LengthBytes => Parts.Values.Sum(p => p.Info.LengthBytes);
}
