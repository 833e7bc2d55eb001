using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

public sealed partial class MemoryBackend
{
    /// <inheritdoc/>
    public ValueTask<UploadInfo> CreateUploadAsync(CreateUploadRequest request, CancellationToken ct)
    {
        Keys.Encode(request.Key);
        Parts.CheckChecksumType(request);
        lock (_lock)
        {
            var bucket = Find(request.Bucket);
            var sequence = ++_sequence;
            var info = new UploadInfo
            {
                Key = request.Key, UploadId = _ids.Format(sequence), Created = Now, Metadata = request.Metadata,
                Checksum = request.Checksum, ChecksumType = request.ChecksumType,
            };
            bucket.Uploads.Add(info.UploadId, new MemoryUpload(info, sequence));
            return ValueTask.FromResult(info);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> UploadPartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct)
    {
        Keys.CheckPartNumber(number);
        UploadInfo info;
        lock (_lock)
            info = FindUpload(upload).Info;
        using var digests = new BodyDigests(PartClaims.For(info, claims), $"part {number} of {upload.Bucket}/{upload.Key}");
        var data = await ReadAsync(body, digests, ct);
        lock (_lock)
            return AddPart(upload, number, digests, MemoryContent.Of(data, claims.EncryptionKey));
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> CopyPartAsync(CopyPartRequest request, CancellationToken ct)
    {
        Keys.CheckPartNumber(request.Number);
        UploadInfo info;
        MemoryRow source;
        lock (_lock)
        {
            info = FindUpload(request.Upload).Info;
            source = FindRow(Find(request.Source.Bucket), request.Source);
        }

        Conditions.CheckSource(request.Source, source.Version.ETag, request.SourceIfMatch);
        var length = PartClaims.CheckRange(request, source.Version.LengthBytes);
        await using var reader = new MemoryReader(source.Version, source.Content);
        if (reader.NeedsKey && request.EncryptionKey is { } key)
            reader.UseKey(key);
        var data = new byte[length];
        await reader.ReadAsync(request.Offset, data, ct);
        using var digests = new BodyDigests(PartClaims.For(info, BodyClaims.None), $"part {request.Number} of {request.Upload.Bucket}/{request.Upload.Key}");
        digests.Append(data);
        digests.Finish();
        lock (_lock)
            return AddPart(request.Upload, request.Number, digests, source.Content.Slice(request.Offset, length));
    }

    /// <inheritdoc/>
    public ValueTask<PartPage> ListPartsAsync(ListPartsRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var upload = FindUpload(request.Upload);
            var parts = upload.Parts.Values.Select(p => p.Info).Where(p => p.Number > request.AfterNumber).Take(request.Max + 1).ToList();
            return ValueTask.FromResult(new PartPage(upload.Info, [.. parts.Take(request.Max)], parts.Count > request.Max));
        }
    }

    /// <inheritdoc/>
    public ValueTask<ObjectVersion> CompleteUploadAsync(CompleteUploadRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(request.Upload.Bucket);
            var key = Keys.Encode(request.Upload.Key);
            if (!bucket.Uploads.ContainsKey(request.Upload.UploadId) && bucket.RowsOf(key).FirstOrDefault(r => r.UploadId == request.Upload.UploadId) is { } done)
                return ValueTask.FromResult(bucket.Describe(done));
            var upload = FindUpload(request.Upload);
            var completed = Parts.Complete(upload.Info, request, n => upload.Parts.TryGetValue(n, out var part) ? part.Info : null);
            var pieces = new List<MemoryPiece>();
            foreach (var part in completed.Parts)
                pieces.AddRange(upload.Parts[part.Number].Content.Pieces.Select((p, i) => p with { Part = part.Number, Checksum = i == 0 ? part.Checksum : null }));
            var before = bucket.Info;
            bucket.Info = before with { Usage = before.Usage with { UploadBytes = before.Usage.UploadBytes - upload.LengthBytes } };
            try
            {
                var version = Insert(bucket, new ObjectAddress(request.Upload.Bucket, request.Upload.Key), key, request.Conditions, request.Upload.UploadId, new MemoryContent(pieces), new ObjectVersion
                {
                    Key = request.Upload.Key, VersionId = "", LastModified = Now, LengthBytes = completed.LengthBytes, ETag = completed.ETag,
                    Checksum = completed.Checksum, PartCount = completed.Parts.Count, Metadata = upload.Info.Metadata,
                });
                bucket.Uploads.Remove(request.Upload.UploadId);
                return ValueTask.FromResult(version);
            }
            catch (ObjectException)
            {
                bucket.Info = before;
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortUploadAsync(UploadAddress upload, CancellationToken ct)
    {
        lock (_lock)
        {
            var found = FindUpload(upload);
            var bucket = Find(upload.Bucket);
            bucket.SetUsage(bucket.Info.Usage with { UploadBytes = bucket.Info.Usage.UploadBytes - found.LengthBytes });
            bucket.Uploads.Remove(upload.UploadId);
            return ValueTask.CompletedTask;
        }
    }

    private PartInfo AddPart(UploadAddress upload, int number, BodyDigests digests, MemoryContent content)
    {
        var found = FindUpload(upload);
        var bucket = Find(upload.Bucket);
        var replaced = found.Parts.TryGetValue(number, out var old) ? old.Info.LengthBytes : 0;
        bucket.SetUsage(bucket.Info.Usage with { UploadBytes = bucket.Info.Usage.UploadBytes + digests.LengthBytes - replaced });
        var info = new PartInfo(number, digests.LengthBytes, digests.ETag, Now, digests.Checksum);
        found.Parts[number] = (info, content);
        return info;
    }

    private MemoryUpload FindUpload(UploadAddress address) =>
        Find(address.Bucket).Uploads.TryGetValue(address.UploadId, out var upload) && upload.Info.Key == address.Key ? upload : throw Missing.Upload(address);
}
