using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

public sealed partial class EmbeddedBackend
{
    /// <summary>How often an open begins anew because what it found was removed meanwhile.</summary>
    private const int OpenAttemptsMax = 16;

    /// <summary>The content of an empty part.</summary>
    private static readonly ContentRow _noContent = new(0, ContentKind.Inline, 0, Crc: 0, Seal: null, Data: []);

    private VersionWrites Versions => new(_versionIds);

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> PutAsync(PutRequest request, Stream body, CancellationToken ct)
    {
        var key = Keys.Encode(request.Key);
        var address = new ObjectAddress(request.Bucket, request.Key);
        var what = $"storing {address}";
        await CheckBeforeBodyAsync(address, key, request.Conditions, ct);
        var content = await _objectWriter.WriteAsync(body, request.Body, what, ct);
        var row = new VersionRow
        {
            Key = key, Sequence = 0, IsNull = false, ModifiedMs = 0, LengthBytes = content.LengthBytes, ETag = content.ETag,
            Content = content.Id, Meta = MetaCodec.Encode(request.Metadata, content.Checksum, partCount: 0),
        };
        return await ChangeAsync(what, content, scope => Versions.Put(scope, address, request.Conditions, row, uploadBytes: 0, () => content.Insert(scope)));
    }

    /// <inheritdoc/>
    public async ValueTask<IObjectReader> OpenAsync(ObjectAddress address, CancellationToken ct)
    {
        var key = Keys.Encode(address.Key);
        for (var attempt = 0; attempt < OpenAttemptsMax; attempt++)
        {
            var (version, content, extents) = await ReadAsync(db =>
            {
                var row = FindRow(db, address, key);
                return (row.Describe(_versionIds, IsLatest(db, address, row)), row.Content, ExtentsOf(db, row.Content));
            }, ct);
            var files = EmbeddedReader.FilesOf(extents).ToList();
            _reaper.Pin(files);
            // Removed between the look and the pin? Whoever removes it from now on leaves the files to us.
            if (files.Count == 0 || await ReadAsync(db => ContentTable.Exists(db, content), ct))
                return new EmbeddedReader(version, extents, _disk, _reaper, address.ToString());
            _reaper.Unpin(files);
        }

        throw new ObjectException(ObjectError.Io, $"{address} was replaced {OpenAttemptsMax} times while it was being opened; try again");
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> HeadAsync(ObjectAddress address, CancellationToken ct)
    {
        var key = Keys.Encode(address.Key);
        return ReadAsync(db =>
        {
            var row = FindRow(db, address, key);
            return row.Describe(_versionIds, IsLatest(db, address, row));
        }, ct);
    }

    /// <inheritdoc/>
    public ValueTask<DeleteResult> DeleteAsync(string bucket, DeleteRequest request, CancellationToken ct) =>
        ChangeAsync($"deleting {bucket}/{request.Key}", needsSpace: false, scope => Versions.Delete(scope, bucket, request), ct);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DeleteOutcome>> DeleteManyAsync(string bucket, IReadOnlyList<DeleteRequest> requests, CancellationToken ct) =>
        ChangeAsync<IReadOnlyList<DeleteOutcome>>($"deleting {requests.Count} objects of {bucket}", needsSpace: false, scope =>
        {
            scope.Bucket(bucket);
            var outcomes = new List<DeleteOutcome>(requests.Count);
            foreach (var request in requests)
            {
                try
                {
                    outcomes.Add(new DeleteOutcome(Versions.Delete(scope, bucket, request), null));
                }
                catch (ObjectException ex) when (ex.Error is not (ObjectError.Damaged or ObjectError.Io))
                {
                    outcomes.Add(new DeleteOutcome(default, ex)); // it failed before its first write
                }
            }

            return outcomes;
        }, ct);

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> UpdateAsync(ObjectAddress address, ObjectUpdate update, CancellationToken ct)
    {
        var key = Keys.Encode(address.Key);
        return ChangeAsync($"changing {address}", needsSpace: false, scope =>
        {
            var bucket = scope.Bucket(address.Bucket).Id;
            var row = FindRow(scope.Db, address, key);
            var (metadata, checksum, partCount) = MetaCodec.Decode(row.Meta);
            var changed = row with { Meta = MetaCodec.Encode(Locks.Apply(address, metadata, update, scope.Now), checksum, partCount) };
            if (row.IsCurrent)
                VersionTable.PutCurrent(scope.Db, bucket, changed);
            else
                VersionTable.PutOld(scope.Db, bucket, changed);
            return changed.Describe(_versionIds, IsLatest(scope.Db, address, changed));
        }, ct);
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> CopyAsync(CopyRequest request, CancellationToken ct)
    {
        var key = Keys.Encode(request.Key);
        var sourceKey = Keys.Encode(request.Source.Key);
        var address = new ObjectAddress(request.Bucket, request.Key);
        return ChangeAsync($"copying {request.Source} to {address}", needsSpace: true, scope =>
        {
            var source = FindRow(scope.Db, request.Source, sourceKey);
            Conditions.CheckSource(request.Source, source.ETag, request.SourceIfMatch);
            var (_, checksum, partCount) = MetaCodec.Decode(source.Meta);
            var metadata = request.Metadata(source.Describe(_versionIds, IsLatest(scope.Db, request.Source, source)));
            var row = source with { Key = key, Upload = 0, IsCurrent = false, Meta = MetaCodec.Encode(metadata, checksum, partCount) };
            return Versions.Put(scope, address, request.Conditions, row, uploadBytes: 0, () => ContentTable.AddReference(scope.Db, source.Content));
        }, ct);
    }

    /// <summary>Fails before a body is read when it would be in vain; what counts is decided again with the write.</summary>
    private async ValueTask CheckBeforeBodyAsync(ObjectAddress address, byte[] key, WriteConditions conditions, CancellationToken ct) =>
        await ReadAsync(db =>
        {
            var bucket = BucketTable.Get(db, address.Bucket);
            if (conditions == WriteConditions.None)
                return true;
            var row = VersionTable.FindCurrent(db, bucket.Id, key);
            Conditions.Check(conditions, address, row?.ETag, row?.LastModified ?? default, row?.LengthBytes ?? 0);
            return true;
        }, ct);

    private VersionRow FindRow(Sqlite.SqliteConnection db, ObjectAddress address, byte[] key)
    {
        var row = VersionWrites.Find(db, _versionIds, BucketTable.Get(db, address.Bucket).Id, key, address.VersionId);
        if (row is { IsMarker: false })
            return row;
        throw Missing.Error(address, row is null ? null : row.Describe(_versionIds, IsLatest(db, address, row)));
    }

    private static bool IsLatest(Sqlite.SqliteConnection db, ObjectAddress address, VersionRow row)
    {
        if (row.IsCurrent || !row.IsMarker)
            return row.IsCurrent;
        var bucket = BucketTable.Get(db, address.Bucket).Id;
        return VersionTable.FindCurrent(db, bucket, row.Key) is null && VersionTable.FindNewest(db, bucket, row.Key)!.Sequence == row.Sequence;
    }

    private static List<Extent> ExtentsOf(Sqlite.SqliteConnection db, long content)
    {
        if (content == 0)
            return [];
        var row = FindContent(db, content);
        if (row.Kind != ContentKind.Pieces)
            return [new Extent(0, new PieceRow(0, content, 0, row.LengthBytes, null), row)];
        var extents = new List<Extent>();
        var offset = 0L;
        foreach (var piece in ContentTable.Pieces(db, content))
        {
            extents.Add(new Extent(offset, piece, piece.Leaf == 0 ? _noContent : FindContent(db, piece.Leaf)));
            offset += piece.LengthBytes;
        }

        return extents;
    }

    private static ContentRow FindContent(Sqlite.SqliteConnection db, long id) =>
        ContentTable.Find(db, id) ?? throw new ObjectException(ObjectError.Damaged, $"the database is damaged: content {id} is referred to and does not exist");
}
