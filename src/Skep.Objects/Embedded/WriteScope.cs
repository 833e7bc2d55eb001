using Skep.Objects.Rules;
using Skep.Objects.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>A transaction of the writer: its connection, its time, and what it changes of buckets and frees on disk.</summary>
internal sealed class WriteScope(SqliteConnection db, IdSource ids, DateTimeOffset now)
{
    private readonly Dictionary<string, BucketRow> _buckets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private long _reserved;

    public SqliteConnection Db => db;

    /// <summary>The time of all its changes.</summary>
    public DateTimeOffset Now => now;

    public long NowMs => now.ToUnixTimeMilliseconds();

    /// <summary>Data files that nothing refers to when it has committed.</summary>
    public List<long> FreedFiles { get; } = [];

    /// <summary>A number that is higher than that of every change before.</summary>
    public long NextSequence() =>
        ids.TryTake(out var id) ? id : throw new ObjectException(ObjectError.Io, "no version id is reserved; try again");

    /// <summary>A bucket as the changes so far left it.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.NoSuchBucket"/>.</exception>
    public BucketRow Bucket(string name)
    {
        if (!_buckets.TryGetValue(name, out var row))
            _buckets.Add(name, row = BucketTable.Get(db, name));
        return row;
    }

    /// <summary>Forgets a bucket that was changed in its table.</summary>
    public void Forget(string name)
    {
        if (_changed.Remove(name))
            BucketTable.SetUsage(db, _buckets[name].Id, _buckets[name].Info.Usage);
        _buckets.Remove(name);
    }

    /// <summary>Checks that a bucket's quota allows a change of its use.</summary>
    public static void CheckUsage(BucketRow bucket, BucketUsage usage) => Quotas.Check(bucket.Info.Name, bucket.Info.Quota, bucket.Info.Usage, usage);

    /// <summary>Changes a bucket's use; written once for all changes.</summary>
    public void SetUsage(BucketRow bucket, BucketUsage usage)
    {
        _buckets[bucket.Info.Name] = bucket with { Info = bucket.Info with { Usage = usage } };
        _changed.Add(bucket.Info.Name);
    }

    /// <summary>Releases a content.</summary>
    public void Release(long content) => ContentTable.Release(db, content, FreedFiles);

    /// <summary>Writes what was collected.</summary>
    public void Flush()
    {
        foreach (var name in _changed)
            BucketTable.SetUsage(db, _buckets[name].Id, _buckets[name].Info.Usage);
        if (!ids.IsLow)
            return;
        _reserved = ids.NextLimit;
        db.Statement("UPDATE facts SET value = ?1 WHERE name = 'next_id'").Bind(1, _reserved).Run("write");
    }

    /// <summary>Says that the transaction has committed.</summary>
    public void Committed()
    {
        if (_reserved != 0)
            ids.SetLimit(_reserved);
    }
}
