using System.Buffers;
using System.Globalization;
using Skep.Objects;
using Skep.Objects.Rules;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

internal sealed partial class UpstreamBackend
{
    /// <summary>A body of unknown length is sent in parts of this size: one of them is in memory.</summary>
    private const int PartBytes = 8 * 1024 * 1024;

    /// <inheritdoc/>
    public async ValueTask<UploadInfo> CreateUploadAsync(CreateUploadRequest request, CancellationToken ct)
    {
        Keys.Encode(request.Key);
        Parts.CheckChecksumType(request);
        var headers = UpstreamMetadata.Write(request.Metadata, (await RecordAsync(request.Bucket, ct)).Owner);
        if (_keepsChecksums && request.Checksum is { } algorithm)
        {
            headers.Add(new("x-amz-checksum-algorithm", ChecksumHeaders.NameOf(algorithm)));
            headers.Add(new("x-amz-checksum-type", ChecksumHeaders.NameOf(request.ChecksumType)));
        }

        var root = await _client.ReadAsync(new UpstreamRequest(HttpMethod.Post) { About = new(request.Bucket, request.Key), Query = "uploads", Headers = headers }, ct);
        return new UploadInfo
        {
            Key = request.Key,
            UploadId = root.Value("UploadId") is { Length: > 0 } id ? id : throw new ObjectException(ObjectError.Io, $"{request.Bucket}/{request.Key}: {_client.Name} began an upload and gave it no id"),
            Created = _time.GetUtcNow(),
            Metadata = request.Metadata,
            Checksum = _keepsChecksums ? request.Checksum : null,
            ChecksumType = request.ChecksumType,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> UploadPartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct)
    {
        Keys.CheckPartNumber(number);
        CheckEncryption(claims);
        await RecordAsync(upload.Bucket, ct);
        using var digests = new BodyDigests(claims, $"part {number} of {upload.Bucket}/{upload.Key}");
        if (claims.LengthBytes is null)
            return await UploadUnknownPartAsync(upload, number, claims, body, ct);
        using var answer = await SendBodyAsync(PartRequest(HttpMethod.Put, upload, number), claims, digests, body, ct);
        return new PartInfo(number, digests.LengthBytes, S3.Objects.Conditions.Unquote(answer.Header("ETag") ?? ""), _time.GetUtcNow(), digests.Checksum);
    }

    /// <inheritdoc/>
    public async ValueTask<PartInfo> CopyPartAsync(CopyPartRequest request, CancellationToken ct)
    {
        Keys.CheckPartNumber(request.Number);
        if (request.EncryptionKey is not null)
            throw UpstreamMetadata.Encryption();
        await RecordAsync(request.Upload.Bucket, ct);
        var source = await HeadAsync(request.Source, ct);
        Skep.Objects.Rules.Conditions.CheckSource(request.Source, source.ETag, request.SourceIfMatch);
        var length = PartClaims.CheckRange(request, source.LengthBytes);
        List<KeyValuePair<string, string>> headers = [.. SourceHeaders(await KnownAsync(request.Source with { VersionId = source.VersionId }, ct), source.ETag)];
        if (length < source.LengthBytes)
            headers.Add(new("x-amz-copy-source-range", string.Create(CultureInfo.InvariantCulture, $"bytes={request.Offset}-{request.Offset + length - 1}")));
        var root = await _client.ReadAsync(PartRequest(HttpMethod.Put, request.Upload, request.Number) with { Headers = headers, Timeout = UpstreamRequest.LongTimeout }, ct);
        return new PartInfo(request.Number, length, S3.Objects.Conditions.Unquote(root.Value("ETag") ?? ""), TimeOf(root.Value("LastModified")) ?? _time.GetUtcNow(), UpstreamMetadata.ChecksumOf(root));
    }

    /// <inheritdoc/>
    public async ValueTask<PartPage> ListPartsAsync(ListPartsRequest request, CancellationToken ct)
    {
        var owner = (await RecordAsync(request.Upload.Bucket, ct)).Owner;
        var query = string.Create(CultureInfo.InvariantCulture, $"&part-number-marker={request.AfterNumber}&max-parts={Math.Min(request.Max, PageMax)}");
        var root = await _client.ReadAsync(UploadRequest(HttpMethod.Get, request.Upload, query) with { IsIdempotent = true }, ct);
        var parts = root.All("Part").Select(p => new PartInfo(
            int.Parse(p.Value("PartNumber") ?? "0", CultureInfo.InvariantCulture),
            long.Parse(p.Value("Size") ?? "0", CultureInfo.InvariantCulture),
            S3.Objects.Conditions.Unquote(p.Value("ETag") ?? ""),
            TimeOf(p.Value("LastModified")) ?? default,
            UpstreamMetadata.ChecksumOf(p))).ToList();
        return new PartPage(ReadUpload(root, request.Upload.Key, owner), parts, root.Value("IsTruncated") == "true");
    }

    /// <inheritdoc/>
    public async ValueTask<UploadPage> ListUploadsAsync(ListUploadsRequest request, CancellationToken ct)
    {
        Keys.EncodeAny(request.Prefix + request.KeyMarker);
        var owner = (await RecordAsync(request.Bucket, ct)).Owner;
        if (request.Max <= 0)
            return new UploadPage([], [], null, null);
        var query = "uploads&" + ListQuery(request.Prefix, request.Delimiter) + string.Create(CultureInfo.InvariantCulture, $"&max-uploads={Math.Min(request.Max, PageMax)}");
        if (request.KeyMarker is { } key)
            query += $"&key-marker={UpstreamClient.Encode(request.UploadIdMarker is null ? PassOver(key, request.Prefix, request.Delimiter)! : key)}";
        if (request.UploadIdMarker is { } id)
            query += $"&upload-id-marker={UpstreamClient.Encode(id)}";
        var root = await GetAsync(request.Bucket, query, ct);
        var decode = DecoderOf(root);
        var uploads = root.All("Upload").Select(u => ReadUpload(u, decode(u.Value("Key") ?? ""), owner)).ToList();
        var prefixes = root.All("CommonPrefixes").Select(e => decode(e.Value("Prefix") ?? "")).ToList();
        var isTruncated = root.Value("IsTruncated") == "true";
        return new UploadPage(
            uploads,
            prefixes,
            isTruncated ? decode(root.Value("NextKeyMarker") ?? "") : null,
            isTruncated && root.Value("NextUploadIdMarker") is { Length: > 0 } next ? next : null);
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> CompleteUploadAsync(CompleteUploadRequest request, CancellationToken ct)
    {
        var upload = request.Upload;
        var owner = (await RecordAsync(upload.Bucket, ct)).Owner;
        Parts.CheckOrder(request);
        var hasChecksums = _keepsChecksums && (request.Checksum is not null || request.Parts.Any(p => p.Checksum is not null));
        var algorithm = hasChecksums ? (await ListPartsAsync(new ListPartsRequest(upload, Max: 1), ct)).Upload.Checksum : null;
        var headers = ConditionHeaders(request.Conditions);
        if (request.LengthBytes is { } length)
            headers.Add(new("x-amz-mp-object-size", length.ToString(CultureInfo.InvariantCulture)));
        if (request.Checksum is { } checksum && algorithm is { } known)
            headers.Add(new($"x-amz-checksum-{ChecksumHeaders.NameOf(known).ToLowerInvariant()}", Convert.ToBase64String(checksum.Span)));
        var xml = new S3Xml("CompleteMultipartUpload");
        foreach (var part in request.Parts)
        {
            xml.Open("Part").Element("PartNumber", part.Number).Element("ETag", $"\"{part.ETag}\"");
            if (part.Checksum is { } sum && algorithm is { } used)
                xml.Element(ChecksumHeaders.ElementOf(used), Convert.ToBase64String(sum.Span));
            xml.Close();
        }

        // Completing again answers the same, so it may be sent again.
        var call = UploadRequest(HttpMethod.Post, upload, "") with { Document = xml.Finish(), Headers = headers, Timeout = UpstreamRequest.LongTimeout, IsIdempotent = request.Conditions == WriteConditions.None };
        using var answer = await _client.SendAsync(call, ct);
        answer.Await(UpstreamRequest.LongTimeout);
        var root = await answer.ReadXmlAsync();
        if (root.Name == "Error")
            throw UpstreamFailures.Of(call, answer.FailureOf(root), markerId: null, _time.GetUtcNow());
        return await CompletedAsync(upload, root, answer.Header("x-amz-version-id"), owner, ct);
    }

    /// <inheritdoc/>
    public async ValueTask AbortUploadAsync(UploadAddress upload, CancellationToken ct)
    {
        await RecordAsync(upload.Bucket, ct);
        await _client.DoAsync(UploadRequest(HttpMethod.Delete, upload, ""), ct);
    }

    private static UpstreamRequest UploadRequest(HttpMethod method, UploadAddress upload, string query) =>
        new(method) { About = new(upload.Bucket, upload.Key), Upload = upload, Query = $"uploadId={UpstreamClient.Encode(upload.UploadId)}{query}" };

    private static UpstreamRequest PartRequest(HttpMethod method, UploadAddress upload, int number) =>
        UploadRequest(method, upload, string.Create(CultureInfo.InvariantCulture, $"&partNumber={number}"));

    private static UploadInfo ReadUpload(XmlElement element, string key, string owner)
    {
        ChecksumAlgorithm? algorithm = null;
        foreach (var candidate in Enum.GetValues<ChecksumAlgorithm>())
        {
            if (ChecksumHeaders.NameOf(candidate) == element.Value("ChecksumAlgorithm"))
                algorithm = candidate;
        }

        return new UploadInfo
        {
            Key = key,
            UploadId = element.Value("UploadId") ?? "",
            Created = TimeOf(element.Value("Initiated")) ?? default,
            Metadata = new ObjectMetadata { Owner = owner },
            Checksum = algorithm,
            ChecksumType = element.Value("ChecksumType") == "COMPOSITE" ? ChecksumType.Composite : ChecksumType.FullObject,
        };
    }

    /// <summary>The object that an upload has become; its length is only in the object's own answer.</summary>
    private async Task<ObjectVersion> CompletedAsync(UploadAddress upload, XmlElement root, string? versionId, string owner, CancellationToken ct)
    {
        var etag = S3.Objects.Conditions.Unquote(root.Value("ETag") ?? "");
        var made = new ObjectVersion
        {
            Key = upload.Key,
            VersionId = versionId ?? ObjectVersion.NullId,
            IsLatest = true,
            ETag = etag,
            LastModified = _time.GetUtcNow(),
            Checksum = UpstreamMetadata.ChecksumOf(root),
            PartCount = UpstreamMetadata.PartCountOf(etag),
            Metadata = new ObjectMetadata { Owner = owner },
        };
        try
        {
            var head = await HeadAsync(new ObjectAddress(upload.Bucket, upload.Key, versionId), ct);
            // Ceph 16 answers with an empty ETag.
            return head.ETag == etag || etag.Length == 0 ? head with { IsLatest = true } : made;
        }
        catch (ObjectException)
        {
            // It is complete, and somebody has deleted it since, or it cannot be looked at: that is no failure of this.
            return made;
        }
    }

    /// <summary>Stores a body whose length is not known: in one request where it is short, else in parts.</summary>
    private async ValueTask<ObjectVersion> PutUnknownAsync(PutRequest request, Stream body, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PartBytes);
        try
        {
            using var digests = new BodyDigests(request.Body, $"{request.Bucket}/{request.Key}");
            var count = await FillAsync(body, buffer, digests, ct);
            if (count == PartBytes)
                return await PutPartsAsync(request, buffer, digests, body, ct);
            await using var bytes = new MemoryStream(buffer, 0, count, writable: false);
            return await PutAsync(request with { Body = request.Body with { LengthBytes = count } }, bytes, ct);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<ObjectVersion> PutPartsAsync(PutRequest request, byte[] buffer, BodyDigests digests, Stream body, CancellationToken ct)
    {
        var info = await CreateUploadAsync(new CreateUploadRequest { Bucket = request.Bucket, Key = request.Key, Metadata = request.Metadata }, ct);
        var upload = new UploadAddress(request.Bucket, request.Key, info.UploadId);
        try
        {
            var parts = new List<CompletedPart>();
            for (var count = PartBytes; count > 0; count = await FillAsync(body, buffer, digests, ct))
            {
                await using var bytes = new MemoryStream(buffer, 0, count, writable: false);
                var part = await UploadPartAsync(upload, parts.Count + 1, new BodyClaims { LengthBytes = count }, bytes, ct);
                parts.Add(new CompletedPart(part.Number, part.ETag));
            }

            digests.Finish();
            var made = await CompleteUploadAsync(new CompleteUploadRequest { Upload = upload, Parts = parts, Conditions = request.Conditions }, ct);
            return made with { LengthBytes = digests.LengthBytes };
        }
        catch
        {
            await AbandonAsync(upload);
            throw;
        }
    }

    private async Task AbandonAsync(UploadAddress upload)
    {
        try
        {
            // Not the caller's token: it may be why.
            await _client.DoAsync(UploadRequest(HttpMethod.Delete, upload, ""), CancellationToken.None);
        }
        catch (ObjectException)
        {
            // Why the upload failed is what the caller is told; what is left of it, the server's own lifecycle removes.
        }
    }

    private async Task<PartInfo> UploadUnknownPartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct)
    {
        // The server has to be told the length first; a part that fits into memory can be counted.
        var buffer = ArrayPool<byte>.Shared.Rent(PartBytes);
        try
        {
            using var digests = new BodyDigests(claims, $"part {number} of {upload.Bucket}/{upload.Key}");
            var count = await FillAsync(body, buffer, digests, ct);
            if (count == PartBytes)
                throw new ObjectException(ObjectError.NotSupported, $"A part of {PartBytes} bytes or more whose length is not said beforehand is not passed on to another S3 server");
            await using var bytes = new MemoryStream(buffer, 0, count, writable: false);
            return await UploadPartAsync(upload, number, claims with { LengthBytes = count }, bytes, ct);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<int> FillAsync(Stream body, byte[] buffer, BodyDigests digests, CancellationToken ct)
    {
        var count = await body.ReadAtLeastAsync(buffer.AsMemory(0, PartBytes), PartBytes, throwOnEndOfStream: false, ct);
        digests.Append(buffer.AsSpan(0, count));
        return count;
    }
}
