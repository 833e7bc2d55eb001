using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

public sealed partial class EmbeddedBackend
{
    /// <inheritdoc/>
    public ValueTask<UploadInfo> CreateUploadAsync(CreateUploadRequest request, CancellationToken ct)
    {
        var key = Keys.Encode(request.Key);
        Parts.CheckChecksumType(request);
        return ChangeAsync($"beginning an upload of {request.Bucket}/{request.Key}", needsSpace: true, scope =>
        {
            var bucket = scope.Bucket(request.Bucket);
            var row = new UploadRow(key, scope.NextSequence(), scope.NowMs, request.Checksum, request.ChecksumType, MetaCodec.Encode(request.Metadata, null, partCount: 0));
            UploadTable.Insert(scope.Db, bucket.Id, row);
            return row.Describe(_versionIds);
        }, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> UploadPartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct)
    {
        Keys.CheckPartNumber(number);
        var info = await ReadAsync(db => FindUpload(db, upload).Row.Describe(_versionIds), ct);
        return await StagePartAsync(upload, number, PartClaims.For(info, claims), body, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> CopyPartAsync(CopyPartRequest request, CancellationToken ct)
    {
        Keys.CheckPartNumber(request.Number);
        var info = await ReadAsync(db => FindUpload(db, request.Upload).Row.Describe(_versionIds), ct);
        await using var reader = (EmbeddedReader)await OpenAsync(request.Source, ct);
        Conditions.CheckSource(request.Source, reader.Version.ETag, request.SourceIfMatch);
        var length = PartClaims.CheckRange(request, reader.Version.LengthBytes);
        if (reader.NeedsKey && request.EncryptionKey is { } key)
            reader.UseKey(key);
        var claims = PartClaims.For(info, BodyClaims.None);
        await using var range = new ObjectReaderStream(reader, request.Offset, length);
        var extents = reader.Slice(request.Offset, length);
        // What is kept in memory when open is copied, unless tiny; all else is shared.
        if (extents.Any(e => e.Content.Kind == ContentKind.Inline && (e.Content.LengthBytes > PartInlineBytesMax || extents.Count == 1)))
            return await StagePartAsync(request.Upload, request.Number, claims with { EncryptionKey = request.EncryptionKey }, range, ct);
        return await SharePartAsync(request, claims, [.. extents.Select(e => e.Piece)], range, ct);
    }

    /// <inheritdoc/>
    public ValueTask<PartPage> ListPartsAsync(ListPartsRequest request, CancellationToken ct) => ReadAsync(db =>
    {
        var upload = FindUpload(db, request.Upload).Row;
        var parts = UploadTable.ListParts(db, upload.Sequence, request.AfterNumber, request.Max + 1);
        return new PartPage(upload.Describe(_versionIds), [.. parts.Take(request.Max).Select(p => p.Describe())], parts.Count > request.Max);
    }, ct);

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> CompleteUploadAsync(CompleteUploadRequest request, CancellationToken ct) =>
        ChangeAsync($"completing the upload {request.Upload.UploadId} of {request.Upload.Bucket}/{request.Upload.Key}", needsSpace: false, scope =>
        {
            var address = new ObjectAddress(request.Upload.Bucket, request.Upload.Key);
            if (TryFindUpload(scope.Db, request.Upload) is not { } found)
                return FindCompleted(scope, request.Upload) ?? throw Missing.Upload(request.Upload);
            var (bucket, upload) = found;
            var uploaded = UploadTable.ListParts(scope.Db, upload.Sequence, after: 0, max: int.MaxValue).ToDictionary(p => p.Number);
            var completed = Parts.Complete(upload.Describe(_versionIds), request, n => uploaded.TryGetValue(n, out var part) ? part.Describe() : null);
            var row = new VersionRow
            {
                Key = upload.Key, Sequence = 0, IsNull = false, ModifiedMs = 0, LengthBytes = completed.LengthBytes, ETag = completed.ETag,
                Content = scope.NextSequence(), Upload = upload.Sequence,
                Meta = MetaCodec.Encode(MetaCodec.Decode(upload.Meta).Metadata, completed.Checksum, completed.Parts.Count),
            };
            return Versions.Put(scope, address, request.Conditions, row, uploaded.Values.Sum(p => p.LengthBytes), () =>
            {
                Assemble(scope, row, completed, uploaded);
                foreach (var part in uploaded.Values)
                    scope.Release(part.Content);
                UploadTable.Delete(scope.Db, bucket.Id, upload);
            });
        }, ct);

    /// <inheritdoc/>
    public async ValueTask AbortUploadAsync(UploadAddress upload, CancellationToken ct) =>
        await ChangeAsync($"aborting the upload {upload.UploadId} of {upload.Bucket}/{upload.Key}", needsSpace: false, scope =>
        {
            var (_, row) = FindUpload(scope.Db, upload);
            var bucket = scope.Bucket(upload.Bucket);
            var parts = UploadTable.ListParts(scope.Db, row.Sequence, after: 0, max: int.MaxValue);
            scope.SetUsage(bucket, bucket.Info.Usage with { UploadBytes = bucket.Info.Usage.UploadBytes - parts.Sum(p => p.LengthBytes) });
            foreach (var part in parts)
                scope.Release(part.Content);
            UploadTable.Delete(scope.Db, bucket.Id, row);
            return true;
        }, ct);

    private async ValueTask<PartInfo> StagePartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct)
    {
        var what = $"storing part {number} of {upload.Bucket}/{upload.Key}";
        var content = await _partWriter.WriteAsync(body, claims, what, ct);
        return await ChangeAsync(what, content, scope =>
            PutPart(scope, upload, new PartRow(number, content.Id, content.LengthBytes, Convert.FromHexString(content.ETag), scope.NowMs, content.Checksum), () => content.Insert(scope)));
    }

    /// <summary>Makes a part that refers to the source's files; its bytes are read for their digests alone.</summary>
    private async ValueTask<PartInfo> SharePartAsync(CopyPartRequest request, BodyClaims claims, IReadOnlyList<PieceRow> pieces, Stream range, CancellationToken ct)
    {
        var what = $"copying part {request.Number} of {request.Upload.Bucket}/{request.Upload.Key}";
        using var digests = new BodyDigests(claims, what);
        await DigestAsync(range, digests, ct);
        return await ChangeAsync(what, needsSpace: true, scope =>
        {
            // The reader's pin keeps the files, not the rows: the source may have gone meanwhile.
            if (pieces.Any(p => !ContentTable.Exists(scope.Db, p.Leaf)))
                throw Missing.Error(request.Source, null);
            var content = pieces.Count == 0 ? 0 : scope.NextSequence();
            var row = new PartRow(request.Number, content, digests.LengthBytes, Convert.FromHexString(digests.ETag), scope.NowMs, digests.Checksum);
            return PutPart(scope, request.Upload, row, () =>
            {
                if (content != 0)
                    InsertPieces(scope, content, row.LengthBytes, pieces);
            });
        }, ct);
    }

    private PartInfo PutPart(WriteScope scope, UploadAddress address, PartRow part, Action store)
    {
        var (_, upload) = FindUpload(scope.Db, address);
        var bucket = scope.Bucket(address.Bucket);
        var replaced = UploadTable.FindPart(scope.Db, upload.Sequence, part.Number);
        var usage = bucket.Info.Usage with { UploadBytes = bucket.Info.Usage.UploadBytes + part.LengthBytes - (replaced?.LengthBytes ?? 0) };
        scope.CheckUsage(bucket, usage);

        scope.SetUsage(bucket, usage);
        store();
        UploadTable.PutPart(scope.Db, upload.Sequence, part);
        if (replaced is not null)
            scope.Release(replaced.Content);
        return part.Describe();
    }

    private static void Assemble(WriteScope scope, VersionRow row, CompletedObject completed, Dictionary<int, PartRow> uploaded)
    {
        var pieces = new List<PieceRow>();
        foreach (var part in completed.Parts)
        {
            var content = uploaded[part.Number].Content;
            var leaves = content == 0 ? [] : ContentTable.Pieces(scope.Db, content);
            if (leaves.Count == 0)
                leaves.Add(new PieceRow(part.Number, content, 0, part.LengthBytes, part.Checksum));
            pieces.AddRange(leaves.Select((p, i) => p with { Part = part.Number, Checksum = i == 0 ? part.Checksum : null }));
        }

        InsertPieces(scope, row.Content, row.LengthBytes, pieces);
    }

    private static void InsertPieces(WriteScope scope, long content, long lengthBytes, IReadOnlyList<PieceRow> pieces)
    {
        ContentTable.Insert(scope.Db, content, ContentKind.Pieces, lengthBytes, seal: null);
        for (var i = 0; i < pieces.Count; i++)
        {
            ContentTable.AddReference(scope.Db, pieces[i].Leaf);
            ContentTable.InsertPiece(scope.Db, content, i, pieces[i]);
        }
    }

    private ObjectVersion? FindCompleted(WriteScope scope, UploadAddress address)
    {
        if (_versionIds.Parse(address.UploadId) is not { } sequence)
            return null;
        var bucket = scope.Bucket(address.Bucket).Id;
        var key = Keys.Encode(address.Key);
        return VersionTable.FindUploaded(scope.Db, bucket, key, sequence)?.Describe(_versionIds, isLatest: VersionTable.FindCurrent(scope.Db, bucket, key)?.Upload == sequence);
    }

    private (BucketRow Bucket, UploadRow Row) FindUpload(SqliteConnection db, UploadAddress address) =>
        TryFindUpload(db, address) ?? throw Missing.Upload(address);

    private (BucketRow Bucket, UploadRow Row)? TryFindUpload(SqliteConnection db, UploadAddress address)
    {
        var bucket = BucketTable.Get(db, address.Bucket);
        return _versionIds.Parse(address.UploadId) is { } sequence && UploadTable.Find(db, bucket.Id, Keys.Encode(address.Key), sequence) is { } row
            ? (bucket, row)
            : null;
    }

    private static async ValueTask DigestAsync(Stream body, BodyDigests digests, CancellationToken ct)
    {
        var buffer = new byte[BlockSums.BlockBytes];
        while (await body.ReadAsync(buffer, ct) is > 0 and var count)
            digests.Append(buffer.AsSpan(0, count));
        digests.Finish();
    }
}
