using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Lifecycle;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>The common part of GetObject and HeadObject: conditions, ranges, parts, headers, and the bytes.</summary>
internal static class ObjectSender
{
    private const int PartNumberMax = 10_000;

    /// <summary>Answers.</summary>
    public static async Task SendAsync(S3Services services, S3Call call, bool withBody, CancellationToken ct)
    {
        if (call.Caller.IsAnonymous && ObjectHeaders.HasOverrides(call.Query))
            throw S3Errors.InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
        await using var reader = await services.Store.OpenAsync(call.Address, ct);
        var version = reader.Version;
        var wanted = call.Query.Number("partNumber", 1, PartNumberMax);
        var part = wanted is { } number ? await FindPartAsync(call, reader, number, ct) : null;
        ObjectEncryptor.Show(call, version.Metadata);
        switch (Conditions.OfRead(call).Judge(version))
        {
            case ConditionResult.NotModified:
                ObjectHeaders.WriteValidators(call, version);
                call.SendEmpty(StatusCodes.Status304NotModified);
                return;
            case ConditionResult.Failed:
                throw S3Errors.PreconditionFailed(call.Header("If-Match") is not null ? "If-Match" : "If-Unmodified-Since");
        }

        var range = part is not null ? new ByteRange(part.Offset, part.LengthBytes) : ByteRange.Parse(call.Header("Range"), version.LengthBytes);
        ObjectHeaders.Write(call, version);
        await LifecycleHeaders.WriteExpirationAsync(services, call, version, ct);
        if (range is { } run)
        {
            call.Response.StatusCode = StatusCodes.Status206PartialContent;
            if (version.LengthBytes > 0)
                call.Response.Headers.ContentRange = run.ContentRange(version.LengthBytes);
        }

        if (string.Equals(call.Header("x-amz-checksum-mode"), "ENABLED", StringComparison.OrdinalIgnoreCase))
            WriteChecksum(call, version, range, part);
        var (offset, length) = range is { } asked ? (asked.Offset, asked.Length) : (0, version.LengthBytes);
        call.Response.ContentLength = length;
        if (!withBody)
            return;
        if (services.Encryption.OpenForRead(call, version.Metadata, call.Address, EncryptionHeaders.Customer) is { } key && reader.NeedsKey)
            reader.UseKey(key);
        await ObjectBody.SendAsync(call.Response, reader, offset, length, services.LargePieces, ct);
    }

    /// <summary>The part that is asked for; they count from 1 in the object, whatever numbers they were uploaded under.</summary>
    private static async ValueTask<ObjectPart> FindPartAsync(S3Call call, IObjectReader reader, int number, CancellationToken ct)
    {
        var version = reader.Version;
        if (call.Header("Range") is not null)
            throw S3Errors.InvalidRequest("Cannot specify both Range header and partNumber query parameter");
        if (version.PartCount == 0)
            return number == 1 ? new ObjectPart(1, 0, version.LengthBytes, version.Checksum) : throw S3Errors.InvalidPartNumber(number, 1);
        if (number > version.PartCount || await reader.FindPartAsync(number, ct) is not { } part)
            throw S3Errors.InvalidPartNumber(number, version.PartCount);
        call.Response.Headers["x-amz-mp-parts-count"] = version.PartCount.ToString();
        return part;
    }

    /// <summary>A checksum covers all bytes, so a range has none; a part has its own.</summary>
    private static void WriteChecksum(S3Call call, ObjectVersion version, ByteRange? range, ObjectPart? part)
    {
        if (range is null)
            ChecksumHeaders.Write(call.Response.Headers, version.Checksum, version.PartCount, withType: true);
        else if (part is not null && version.Checksum is { } whole)
        {
            // The type is that of the object, of which the part is one.
            call.Response.Headers["x-amz-checksum-type"] = ChecksumHeaders.NameOf(whole.Type);
            ChecksumHeaders.Write(call.Response.Headers, part.Checksum, partCount: 0, withType: false);
        }
    }
}
