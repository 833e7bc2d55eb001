using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

public sealed partial class MemoryBackend
{
    private const int BufferBytes = 64 * 1024;

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> PutAsync(PutRequest request, Stream body, CancellationToken ct)
    {
        var key = Keys.Encode(request.Key);
        lock (_lock)
            Find(request.Bucket);
        var address = new ObjectAddress(request.Bucket, request.Key);
        using var digests = new BodyDigests(request.Body, address.ToString());
        var data = await ReadAsync(body, digests, ct);
        lock (_lock)
        {
            return Insert(Find(request.Bucket), address, key, request.Conditions, upload: null, MemoryContent.Of(data, request.Body.EncryptionKey), new ObjectVersion
            {
                Key = request.Key, VersionId = "", LastModified = Now, LengthBytes = data.Length, ETag = digests.ETag,
                Checksum = digests.Checksum, Metadata = request.Metadata,
            });
        }
    }

    /// <inheritdoc/>
    public ValueTask<IObjectReader> OpenAsync(ObjectAddress address, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(address.Bucket);
            var row = FindRow(bucket, address);
            return ValueTask.FromResult<IObjectReader>(new MemoryReader(bucket.Describe(row), row.Content));
        }
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> HeadAsync(ObjectAddress address, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(address.Bucket);
            return ValueTask.FromResult(bucket.Describe(FindRow(bucket, address)));
        }
    }

    /// <inheritdoc/>
    public ValueTask<DeleteResult> DeleteAsync(string bucket, DeleteRequest request, CancellationToken ct)
    {
        lock (_lock)
            return ValueTask.FromResult(Delete(Find(bucket), request));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DeleteOutcome>> DeleteManyAsync(string bucket, IReadOnlyList<DeleteRequest> requests, CancellationToken ct)
    {
        lock (_lock)
        {
            var found = Find(bucket);
            var outcomes = new List<DeleteOutcome>(requests.Count);
            foreach (var request in requests)
            {
                try
                {
                    outcomes.Add(new DeleteOutcome(Delete(found, request), null));
                }
                catch (ObjectException ex)
                {
                    outcomes.Add(new DeleteOutcome(default, ex));
                }
            }

            return ValueTask.FromResult<IReadOnlyList<DeleteOutcome>>(outcomes);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> UpdateAsync(ObjectAddress address, ObjectUpdate update, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(address.Bucket);
            var row = FindRow(bucket, address);
            row.Version = row.Version with { Metadata = Locks.Apply(address, row.Version.Metadata, update, Now) };
            return ValueTask.FromResult(bucket.Describe(row));
        }
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> CopyAsync(CopyRequest request, CancellationToken ct)
    {
        var key = Keys.Encode(request.Key);
        lock (_lock)
        {
            var bucket = Find(request.Bucket);
            var source = FindRow(Find(request.Source.Bucket), request.Source);
            Conditions.CheckSource(request.Source, source.Version.ETag, request.SourceIfMatch);
            var version = source.Version with { Key = request.Key, LastModified = Now, Metadata = request.Metadata(source.Version) };
            return ValueTask.FromResult(Insert(bucket, new ObjectAddress(request.Bucket, request.Key), key, request.Conditions, upload: null, source.Content, version));
        }
    }

    private static async ValueTask<byte[]> ReadAsync(Stream body, BodyDigests digests, CancellationToken ct)
    {
        using var all = new MemoryStream();
        var buffer = new byte[BufferBytes];
        while (await body.ReadAsync(buffer, ct) is > 0 and var count)
        {
            digests.Append(buffer.AsSpan(0, count));
            all.Write(buffer, 0, count);
        }

        digests.Finish();
        return all.ToArray();
    }

    private ObjectVersion Insert(MemoryBucket bucket, ObjectAddress address, byte[] key, WriteConditions conditions, string? upload, MemoryContent content, ObjectVersion version)
    {
        CheckConditions(conditions, address, bucket.Latest(key));
        var sequence = ++_sequence;
        var isNull = bucket.Info.Versioning != VersioningState.Enabled;
        var row = new MemoryRow(key, sequence)
        {
            Version = version with { VersionId = isNull ? ObjectVersion.NullId : _ids.Format(sequence), IsLatest = false },
            Content = content,
            UploadId = upload,
        };
        Add(bucket, address, row);
        return bucket.Describe(row);
    }

    /// <summary>Adds a row; one with the null id takes the place of the key's null version.</summary>
    private void Add(MemoryBucket bucket, ObjectAddress address, MemoryRow row)
    {
        var replaced = row.IsNull ? bucket.RowsOf(row.Key).FirstOrDefault(r => r.IsNull) : null;
        if (replaced is not null)
            Locks.CheckRemoval(address, replaced.Version.Metadata, Now, bypassesGovernance: false);
        bucket.Add(row, replaced);
    }

    private DeleteResult Delete(MemoryBucket bucket, DeleteRequest request)
    {
        var key = Keys.Encode(request.Key);
        var address = new ObjectAddress(bucket.Info.Name, request.Key, request.VersionId);
        var row = request.VersionId is { } id ? bucket.RowsOf(key).FirstOrDefault(r => r.Version.VersionId == id) : bucket.Latest(key);
        CheckConditions(request.Conditions, address, row);
        if (request.IfNoncurrent)
            Conditions.CheckNoncurrent(address, row is null || row != bucket.Latest(key));
        if (request.VersionId is null && bucket.Info.Versioning != VersioningState.None)
        {
            var sequence = ++_sequence;
            var markerId = bucket.Info.Versioning == VersioningState.Enabled ? _ids.Format(sequence) : ObjectVersion.NullId;
            var version = new ObjectVersion { Key = request.Key, VersionId = markerId, LastModified = Now, IsDeleteMarker = true };
            Add(bucket, address, new MemoryRow(key, sequence) { Version = version });
            return new DeleteResult(markerId, IsDeleteMarker: true) { Sequence = sequence };
        }

        if (row is null)
            return default;
        Locks.CheckRemoval(address, row.Version.Metadata, Now, request.BypassesGovernance);
        bucket.Remove(row);
        return new DeleteResult(row.Version.VersionId, row.Version.IsDeleteMarker) { Sequence = ++_sequence };
    }

    private static void CheckConditions(WriteConditions conditions, ObjectAddress address, MemoryRow? row)
    {
        var version = row is { Version.IsDeleteMarker: false } ? row.Version : null;
        Conditions.Check(conditions, address, version?.ETag, version?.LastModified ?? default, version?.LengthBytes ?? 0);
    }

    private static MemoryRow FindRow(MemoryBucket bucket, ObjectAddress address)
    {
        var key = Keys.Encode(address.Key);
        var row = address.VersionId is { } id ? bucket.RowsOf(key).FirstOrDefault(r => r.Version.VersionId == id) : bucket.Latest(key);
        if (row is { Version.IsDeleteMarker: false })
            return row;
        throw Missing.Error(address, row is null ? null : bucket.Describe(row));
    }
}
