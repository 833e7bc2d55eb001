using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>A transaction of the writer: its connection, its time, and what it changes of buckets and frees on disk.</summary>
internal sealed class WriteScope(SqliteConnection db, IdSource ids, DateTimeOffset now)
{
    private readonly Dictionary<string, BucketRow> _buckets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (BucketQuota Quota, BucketUsage Usage)> _owners = new(StringComparer.Ordinal);
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

    /// <summary>Checks that the quotas of a bucket and of its owner allow a change of its use.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.QuotaExceeded"/>.</exception>
    public void CheckUsage(BucketRow bucket, BucketUsage usage)
    {
        Quotas.Check($"bucket {bucket.Info.Name}", bucket.Info.Quota, bucket.Info.Usage, usage);
        var owner = Owner(bucket.Info.Owner);
        if (owner.Quota != default)
            Quotas.Check($"account {bucket.Info.Owner}", owner.Quota, owner.Usage, owner.Usage - bucket.Info.Usage + usage);
    }

    /// <summary>Limits an owner.</summary>
    public void SetOwnerQuota(string owner, BucketQuota quota)
    {
        OwnerTable.SetQuota(db, owner, quota);
        _owners.Remove(owner);
    }

    /// <summary>Changes a bucket's use; written once for all changes.</summary>
    public void SetUsage(BucketRow bucket, BucketUsage usage)
    {
        if (_owners.TryGetValue(bucket.Info.Owner, out var owner))
            _owners[bucket.Info.Owner] = owner with { Usage = owner.Usage - bucket.Info.Usage + usage };
        _buckets[bucket.Info.Name] = bucket with { Info = bucket.Info with { Usage = usage } };
        _changed.Add(bucket.Info.Name);
    }

    /// <summary>An owner as the changes so far left it; what it holds is counted only where it matters.</summary>
    private (BucketQuota Quota, BucketUsage Usage) Owner(string owner)
    {
        if (_owners.TryGetValue(owner, out var known))
            return known;
        var quota = OwnerTable.FindQuota(db, owner);
        var usage = default(BucketUsage);
        if (quota != default)
        {
            // The table does not have yet what this transaction has changed.
            foreach (var (name, stored) in OwnerTable.Usages(db, owner))
                usage += _changed.Contains(name) ? _buckets[name].Info.Usage : stored;
        }

        return _owners[owner] = (quota, usage);
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
