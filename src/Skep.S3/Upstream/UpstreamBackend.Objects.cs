using System.Globalization;
using Skep.Objects;
using Skep.Objects.Rules;
using Skep.S3.Acls;
using Skep.S3.Locks;
using Skep.S3.Tagging;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

internal sealed partial class UpstreamBackend
{
    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> PutAsync(PutRequest request, Stream body, CancellationToken ct)
    {
        var address = new ObjectAddress(request.Bucket, request.Key);
        Keys.Encode(request.Key);
        CheckEncryption(request.Body);
        var headers = UpstreamMetadata.Write(request.Metadata, (await RecordAsync(request.Bucket, ct)).Owner);
        if (request.Body.LengthBytes is null)
            return await PutUnknownAsync(request, body, ct);
        headers.AddRange(ConditionHeaders(request.Conditions));
        using var digests = new BodyDigests(request.Body, address.ToString());
        using var answer = await SendBodyAsync(new UpstreamRequest(HttpMethod.Put) { About = address, Headers = headers }, request.Body, digests, body, ct);
        return new ObjectVersion
        {
            Key = request.Key,
            VersionId = answer.Header("x-amz-version-id") ?? ObjectVersion.NullId,
            IsLatest = true,
            LengthBytes = digests.LengthBytes,
            ETag = S3.Objects.Conditions.Unquote(answer.Header("ETag") ?? ""),
            LastModified = _time.GetUtcNow(),
            Checksum = digests.Checksum,
            Metadata = request.Metadata,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<IObjectReader> OpenAsync(ObjectAddress address, CancellationToken ct)
    {
        var version = await HeadAsync(address, ct);
        var pinned = await KnownAsync(address with { VersionId = version.VersionId }, ct);
        return new UpstreamReader(_client, pinned, version, (place, token) => FindPartAsync(pinned, place, token));
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> HeadAsync(ObjectAddress address, CancellationToken ct)
    {
        Keys.Encode(address.Key);
        var owner = (await RecordAsync(address.Bucket, ct)).Owner;
        var known = await KnownAsync(address, ct);
        using var answer = await _client.SendAsync(HeadOf(known), ct);
        var isLatest = known.VersionId is null || await IsLatestAsync(known, answer.Header("x-amz-version-id"), ct);
        var version = UpstreamMetadata.Read(answer, address, owner, isLatest);
        if (!int.TryParse(answer.Header("x-amz-tagging-count"), NumberStyles.None, CultureInfo.InvariantCulture, out var tags) || tags == 0)
            return version;
        return version with { Metadata = version.Metadata with { Tags = await ReadTagsAsync(await KnownAsync(address with { VersionId = version.VersionId }, ct), ct) } };
    }

    /// <inheritdoc/>
    public async ValueTask<DeleteResult> DeleteAsync(string bucket, DeleteRequest request, CancellationToken ct)
    {
        Keys.Encode(request.Key);
        await RecordAsync(bucket, ct);
        var address = new ObjectAddress(bucket, request.Key, request.VersionId);
        if (request.Conditions != WriteConditions.None)
            await CheckAsync(address, request.Conditions, ct);
        if (request.IfNoncurrent)
            await CheckNoncurrentAsync(address, ct);
        var headers = ConditionHeaders(request.Conditions with { IfLastModified = null, IfLengthBytes = null });
        if (request.BypassesGovernance)
            headers.Add(new("x-amz-bypass-governance-retention", "true"));
        var known = await KnownAsync(address, ct);
        try
        {
            using var answer = await _client.SendAsync(
                new UpstreamRequest(HttpMethod.Delete) { About = known, Query = VersionQuery(known), Headers = headers, DeniedMeansLocked = await HasLockAsync(bucket, ct) }, ct);
            var id = answer.Header("x-amz-version-id");
            return new DeleteResult(id, id is not null && answer.Header("x-amz-delete-marker") == "true");
        }
        catch (ObjectException ex) when (request.Conditions == WriteConditions.None && ex.Error is ObjectError.NoSuchKey or ObjectError.NoSuchVersion)
        {
            return default;
        }
        catch (ObjectException ex) when (request.VersionId is not null && ex.Error is ObjectError.InvalidArgument)
        {
            // No id of this server's: there is no such version.
            return default;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> UpdateAsync(ObjectAddress address, ObjectUpdate update, CancellationToken ct)
    {
        var version = await HeadAsync(address, ct);
        var known = await KnownAsync(address with { VersionId = version.VersionId }, ct);
        var versionQuery = known.VersionId is null ? "" : "&" + VersionQuery(known);
        // What will be refused, first: nothing is changed in part.
        if (update.Acl is { } acl && !SameAcl(acl, version.Metadata))
            throw new ObjectException(ObjectError.NotSupported, "The access control list of an object cannot be changed after its upload in front of another S3 server: give it with the upload, or use a bucket policy");
        if (update.Tags is { } tags)
            await _client.DoAsync(Change("tagging", TagSet.ToXml(tags).Finish(), []), ct);
        if (update.Retention is { } retention && retention != version.Metadata.Retention)
            await _client.DoAsync(Change("retention", RetentionXml(retention), update.BypassesGovernance ? [new("x-amz-bypass-governance-retention", "true")] : []), ct);
        if (update.IsLegalHold is { } hold && hold != version.Metadata.IsLegalHold)
            await _client.DoAsync(Change("legal-hold", new S3Xml("LegalHold").Element("Status", hold ? "ON" : "OFF").Finish(), []), ct);
        var metadata = version.Metadata;
        return version with
        {
            Metadata = metadata with { Tags = update.Tags ?? metadata.Tags, Retention = update.Retention ?? metadata.Retention, IsLegalHold = update.IsLegalHold ?? metadata.IsLegalHold },
        };

        UpstreamRequest Change(string what, ReadOnlyMemory<byte> document, KeyValuePair<string, string>[] headers) =>
            new(HttpMethod.Put) { About = known, Query = what + versionQuery, Document = document, Headers = headers, IsIdempotent = true, DeniedMeansLocked = what == "retention" };
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectVersion> CopyAsync(CopyRequest request, CancellationToken ct)
    {
        Keys.Encode(request.Key);
        var owner = (await RecordAsync(request.Bucket, ct)).Owner;
        var source = await HeadAsync(request.Source, ct);
        Skep.Objects.Rules.Conditions.CheckSource(request.Source, source.ETag, request.SourceIfMatch);
        var metadata = request.Metadata(source);
        var headers = UpstreamMetadata.Write(metadata, owner);
        headers.AddRange(ConditionHeaders(request.Conditions));
        headers.AddRange(SourceHeaders(await KnownAsync(request.Source with { VersionId = source.VersionId }, ct), source.ETag));
        headers.Add(new("x-amz-metadata-directive", "REPLACE"));
        headers.Add(new("x-amz-tagging-directive", "REPLACE"));
        var call = new UpstreamRequest(HttpMethod.Put) { About = new(request.Bucket, request.Key), Headers = headers, Timeout = UpstreamRequest.LongTimeout };
        using var answer = await _client.SendAsync(call, ct);
        answer.Await(UpstreamRequest.LongTimeout);
        var root = await answer.ReadXmlAsync();
        if (root.Name == "Error")
            throw UpstreamFailures.Of(call, answer.FailureOf(root), markerId: null, _time.GetUtcNow());
        var etag = S3.Objects.Conditions.Unquote(root.Value("ETag") ?? "");
        return new ObjectVersion
        {
            Key = request.Key,
            VersionId = answer.Header("x-amz-version-id") ?? ObjectVersion.NullId,
            IsLatest = true,
            LengthBytes = source.LengthBytes,
            ETag = etag,
            LastModified = TimeOf(root.Value("LastModified")) ?? _time.GetUtcNow(),
            Checksum = UpstreamMetadata.ChecksumOf(root),
            PartCount = UpstreamMetadata.PartCountOf(etag),
            Metadata = metadata,
        };
    }

    private static DateTimeOffset? TimeOf(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static void CheckEncryption(BodyClaims claims)
    {
        if (claims.EncryptionKey is not null)
            throw UpstreamMetadata.Encryption();
    }

    private static List<KeyValuePair<string, string>> ConditionHeaders(WriteConditions conditions)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (conditions.IfMatch is { } match)
            headers.Add(new("If-Match", Quote(match)));
        if (conditions.IfNoneMatch is { } none)
            headers.Add(new("If-None-Match", Quote(none)));
        return headers;
    }

    private static string Quote(string etag) => etag == "*" ? etag : $"\"{etag}\"";

    private KeyValuePair<string, string>[] SourceHeaders(ObjectAddress source, string etag)
    {
        var name = $"{_client.UpstreamName(source.Bucket)}/{UpstreamClient.EncodeKey(source.Key)}";
        return [new("x-amz-copy-source", source.VersionId is null ? name : $"{name}?{VersionQuery(source)}"), new("x-amz-copy-source-if-match", Quote(etag))];
    }

    private static ReadOnlyMemory<byte> RetentionXml(Retention retention)
    {
        var xml = new S3Xml("Retention");
        if (retention.Mode is not RetentionMode.None)
            xml.Element("Mode", ObjectLock.NameOf(retention.Mode)).Element("RetainUntilDate", retention.Until);
        return xml.Finish();
    }

    private static bool SameAcl(ReadOnlyMemory<byte> acl, ObjectMetadata metadata) =>
        AccessControlList.Decode(acl, metadata.Owner).Grants.SequenceEqual(AccessControlList.Decode(metadata.Acl, metadata.Owner).Grants);

    private static UpstreamRequest HeadOf(ObjectAddress known) => new(HttpMethod.Head)
    {
        About = known,
        Query = VersionQuery(known),
        Headers = [new("x-amz-checksum-mode", "ENABLED")],
        IsIdempotent = true,
    };

    /// <summary>Sends a body of known length through.</summary>
    private async Task<UpstreamAnswer> SendBodyAsync(UpstreamRequest request, BodyClaims claims, BodyDigests digests, Stream body, CancellationToken ct)
    {
        if (claims.LengthBytes > claims.LengthBytesMax)
            throw new ObjectException(ObjectError.TooLarge, $"{request.About}: a body of {claims.LengthBytes} bytes is declared, and {claims.LengthBytesMax} are the most");
        ChecksumAlgorithm? trailer = _keepsChecksums ? claims.Checksum : null;
        if (claims.LengthBytes == 0 && trailer is null)
        {
            // No chunks of nothing: Ceph 16 takes their end for damage.
            await UpstreamBody.VerifyEmptyAsync(body, digests, ct);
            return await _client.SendAsync(request with { Document = ReadOnlyMemory<byte>.Empty }, ct);
        }

        using var content = new UpstreamBody(body, digests, claims.LengthBytes!.Value, trailer, request.Timeout);
        List<KeyValuePair<string, string>> headers = [.. request.Headers];
        if (claims.Md5 is { } md5)
            headers.Add(new("Content-MD5", Convert.ToBase64String(md5.Span)));
        return await _client.SendAsync(request with { Body = content, Headers = headers }, ct);
    }

    /// <summary>Where a bucket has no versions, "null" is said by saying nothing: not every server knows the word.</summary>
    private async ValueTask<ObjectAddress> KnownAsync(ObjectAddress address, CancellationToken ct) =>
        address.VersionId is ObjectVersion.NullId && await VersioningAsync(address.Bucket, ct) is VersioningState.None ? address with { VersionId = null } : address;

    private async ValueTask<bool> IsLatestAsync(ObjectAddress address, string? versionId, CancellationToken ct)
    {
        try
        {
            using var answer = await _client.SendAsync(HeadOf(address with { VersionId = null }), ct);
            return answer.Header("x-amz-version-id") == versionId;
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchKey)
        {
            return false;
        }
    }

    private async Task<List<KeyValuePair<string, string>>> ReadTagsAsync(ObjectAddress known, CancellationToken ct)
    {
        var query = known.VersionId is null ? "tagging" : $"tagging&{VersionQuery(known)}";
        var root = await _client.ReadAsync(new UpstreamRequest(HttpMethod.Get) { About = known, Query = query, IsIdempotent = true }, ct);
        return [.. root["TagSet"]?.All("Tag").Select(t => new KeyValuePair<string, string>(t.Value("Key") ?? "", t.Value("Value") ?? "")) ?? []];
    }

    private async Task<ObjectPart?> FindPartAsync(ObjectAddress known, int place, CancellationToken ct)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"partNumber={place}");
        using var answer = await _client.SendAsync(HeadOf(known) with { Query = known.VersionId is null ? query : $"{query}&{VersionQuery(known)}" }, ct);
        if (answer.Response.Content.Headers.ContentRange is not { From: { } from, To: { } to })
            throw new ObjectException(ObjectError.NotSupported, "The server behind does not tell the parts of an object");
        return new ObjectPart(place, from, to - from + 1, UpstreamMetadata.ChecksumOf(answer, partCount: 0));
    }

    private async ValueTask<bool> HasLockAsync(string bucket, CancellationToken ct) =>
        await _records.FindDocumentAsync(bucket, ObjectLock.SubResource, ct) is not null;

    /// <summary>Decides conditions that not every server does: it is told them too, where it has words for them.</summary>
    private async ValueTask CheckAsync(ObjectAddress address, WriteConditions conditions, CancellationToken ct)
    {
        ObjectVersion? current = null;
        try
        {
            current = await HeadAsync(address, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchKey or ObjectError.NoSuchVersion or ObjectError.IsDeleteMarker)
        {
            // No version: the conditions say whether that is right.
        }

        Skep.Objects.Rules.Conditions.Check(conditions, address, current?.ETag, current?.LastModified ?? default, current?.LengthBytes ?? 0);
    }

    /// <summary>S3 has no words for it: between this and the deletion somebody may delete the newer version.</summary>
    private async ValueTask CheckNoncurrentAsync(ObjectAddress address, CancellationToken ct)
    {
        var page = await ListVersionsAsync(new ListVersionsRequest { Bucket = address.Bucket, Prefix = address.Key, Max = 1 }, ct);
        var latest = page.Versions.FirstOrDefault(v => v.Key == address.Key);
        Skep.Objects.Rules.Conditions.CheckNoncurrent(address, isNoncurrent: address.VersionId is not null && latest?.VersionId != address.VersionId);
    }
}
