using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

/// <summary>
/// How writes change a key's versions. The row in objects is the newest of all, if that is no delete marker; everything else
/// is in versions. Each method fails before its first write.
/// </summary>
internal sealed class VersionWrites(VersionIds ids)
{
    /// <summary>Adds a version, in place of the null version if it gets that id.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="address">Bucket and key.</param>
    /// <param name="conditions">What must hold.</param>
    /// <param name="row">The version; its sequence, time and id are decided here.</param>
    /// <param name="uploadBytes">Bytes of an upload that become the version's.</param>
    /// <param name="store">Writes what the version refers to, after all checks.</param>
    public ObjectVersion Put(WriteScope scope, ObjectAddress address, WriteConditions conditions, VersionRow row, long uploadBytes, Action store)
    {
        var bucket = scope.Bucket(address.Bucket);
        var current = VersionTable.FindCurrent(scope.Db, bucket.Id, row.Key);
        CheckConditions(conditions, address, current);
        var isNull = bucket.Info.Versioning != VersioningState.Enabled;
        var replaced = isNull ? FindNull(scope, bucket, row.Key, current) : null;
        CheckReplaced(scope, address, replaced);
        var usage = Change(bucket.Info.Usage, replaced, -1);
        usage = usage with { Bytes = usage.Bytes + row.LengthBytes, Objects = usage.Objects + 1, UploadBytes = usage.UploadBytes - uploadBytes };
        scope.CheckUsage(bucket, usage);
        row = row with { Sequence = scope.NextSequence(), ModifiedMs = scope.NowMs, IsNull = isNull };

        store();
        scope.SetUsage(bucket, usage);
        MakeRoom(scope, bucket, current, replaced);
        VersionTable.PutCurrent(scope.Db, bucket.Id, row);
        return row.Describe(ids, isLatest: true);
    }

    /// <summary>Deletes as the bucket's versioning says, or a version for good.</summary>
    public DeleteResult Delete(WriteScope scope, string bucketName, DeleteRequest request)
    {
        var bucket = scope.Bucket(bucketName);
        var key = Keys.Encode(request.Key);
        var address = new ObjectAddress(bucketName, request.Key, request.VersionId);
        var row = Find(scope.Db, ids, bucket.Id, key, request.VersionId);
        CheckConditions(request.Conditions, address, row is { IsMarker: false } ? row : null);
        if (request.IfNoncurrent)
            Conditions.CheckNoncurrent(address, row is null || row.Sequence != Find(scope.Db, ids, bucket.Id, key, versionId: null)!.Sequence);
        if (request.VersionId is null && bucket.Info.Versioning != VersioningState.None)
            return PutMarker(scope, bucket, address, key, row is { IsCurrent: true } ? row : null);
        if (row is null)
            return default;
        Locks.CheckRemoval(address, MetaCodec.Decode(row.Meta).Metadata, scope.Now, request.BypassesGovernance);
        var sequence = scope.NextSequence();

        scope.SetUsage(bucket, Change(bucket.Info.Usage, row, -1));
        Remove(scope, bucket, row);
        Promote(scope, bucket, key);
        return new DeleteResult(row.VersionId(ids), row.IsMarker) { Sequence = sequence };
    }

    /// <summary>A version by its id, or the newest; may be a delete marker.</summary>
    public static VersionRow? Find(Sqlite.SqliteConnection db, VersionIds ids, long bucket, byte[] key, string? versionId)
    {
        var current = VersionTable.FindCurrent(db, bucket, key);
        if (versionId is null)
            return current ?? VersionTable.FindNewest(db, bucket, key);
        if (versionId == ObjectVersion.NullId)
            return current is { IsNull: true } ? current : VersionTable.FindNull(db, bucket, key);
        if (ids.Parse(versionId) is not { } sequence)
            return null;
        var found = current?.Sequence == sequence ? current : VersionTable.FindOld(db, bucket, key, sequence);
        return found is { IsNull: false } ? found : null;
    }

    private DeleteResult PutMarker(WriteScope scope, BucketRow bucket, ObjectAddress address, byte[] key, VersionRow? current)
    {
        var isNull = bucket.Info.Versioning == VersioningState.Suspended;
        var replaced = isNull ? FindNull(scope, bucket, key, current) : null;
        CheckReplaced(scope, address, replaced);
        var marker = new VersionRow { Key = key, Sequence = scope.NextSequence(), IsNull = isNull, IsMarker = true, ModifiedMs = scope.NowMs };

        scope.SetUsage(bucket, Change(bucket.Info.Usage, replaced, -1));
        MakeRoom(scope, bucket, current, replaced);
        if (current is not null && current != replaced)
            VersionTable.DeleteCurrent(scope.Db, bucket.Id, key);
        VersionTable.PutOld(scope.Db, bucket.Id, marker);
        return new DeleteResult(marker.VersionId(ids), IsDeleteMarker: true) { Sequence = marker.Sequence };
    }

    /// <summary>Removes the version that is replaced, and moves the current one among the old.</summary>
    private static void MakeRoom(WriteScope scope, BucketRow bucket, VersionRow? current, VersionRow? replaced)
    {
        if (replaced is not null)
            Remove(scope, bucket, replaced);
        if (current is not null && current != replaced)
            VersionTable.PutOld(scope.Db, bucket.Id, current);
    }

    private static void Remove(WriteScope scope, BucketRow bucket, VersionRow row)
    {
        if (row.IsCurrent)
            VersionTable.DeleteCurrent(scope.Db, bucket.Id, row.Key);
        else
            VersionTable.DeleteOld(scope.Db, bucket.Id, row.Key, row.Sequence);
        scope.Release(row.Content);
    }

    /// <summary>Makes the newest version current again, when nothing is and it is no delete marker.</summary>
    private static void Promote(WriteScope scope, BucketRow bucket, byte[] key)
    {
        if (VersionTable.FindCurrent(scope.Db, bucket.Id, key) is not null
            || VersionTable.FindNewest(scope.Db, bucket.Id, key) is not { IsMarker: false } newest)
            return;
        VersionTable.DeleteOld(scope.Db, bucket.Id, key, newest.Sequence);
        VersionTable.PutCurrent(scope.Db, bucket.Id, newest);
    }

    private static VersionRow? FindNull(WriteScope scope, BucketRow bucket, byte[] key, VersionRow? current)
    {
        if (current is { IsNull: true })
            return current;
        // Without versioning there is nothing but a current version.
        return bucket.Info.Versioning == VersioningState.None && current is null ? null : VersionTable.FindNull(scope.Db, bucket.Id, key);
    }

    private static void CheckReplaced(WriteScope scope, ObjectAddress address, VersionRow? replaced)
    {
        if (replaced is not null)
            Locks.CheckRemoval(address, MetaCodec.Decode(replaced.Meta).Metadata, scope.Now, bypassesGovernance: false);
    }

    private static void CheckConditions(WriteConditions conditions, ObjectAddress address, VersionRow? row) =>
        Conditions.Check(conditions, address, row?.ETag, row?.LastModified ?? default, row?.LengthBytes ?? 0);

    private static BucketUsage Change(BucketUsage usage, VersionRow? row, int sign) =>
        row is null or { IsMarker: true } ? usage : usage with { Bytes = usage.Bytes + (sign * row.LengthBytes), Objects = usage.Objects + sign };
}
