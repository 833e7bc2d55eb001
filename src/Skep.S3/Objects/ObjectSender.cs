using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Errors;
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
        switch (Conditions.OfRead(call).Judge(version))
        {
            case ConditionResult.NotModified:
                ObjectHeaders.WriteValidators(call, version);
                call.SendEmpty(StatusCodes.Status304NotModified);
                return;
            case ConditionResult.Failed:
                throw S3Errors.PreconditionFailed(call.Header("If-Match") is not null ? "If-Match" : "If-Unmodified-Since");
        }

        var range = FindRange(call, reader);
        ObjectHeaders.Write(call, version);
        if (range is { } run)
        {
            call.Response.StatusCode = StatusCodes.Status206PartialContent;
            if (version.LengthBytes > 0)
                call.Response.Headers.ContentRange = run.ContentRange(version.LengthBytes);
        }

        if (string.Equals(call.Header("x-amz-checksum-mode"), "ENABLED", StringComparison.OrdinalIgnoreCase))
            WriteChecksum(call, reader, range);
        var (offset, length) = range is { } part ? (part.Offset, part.Length) : (0, version.LengthBytes);
        call.Response.ContentLength = length;
        if (withBody)
            await ObjectBody.SendAsync(call.Response, reader, offset, length, ct);
    }

    private static ByteRange? FindRange(S3Call call, IObjectReader reader)
    {
        var version = reader.Version;
        var header = call.Header("Range");
        if (call.Query.Number("partNumber", 1, PartNumberMax) is not { } number)
            return ByteRange.Parse(header, version.LengthBytes);
        if (header is not null)
            throw S3Errors.InvalidRequest("Cannot specify both Range header and partNumber query parameter");
        if (reader.Parts.Count == 0)
            return number == 1 ? new ByteRange(0, version.LengthBytes) : throw S3Errors.InvalidPartNumber(number, 1);
        // Parts count from 1 in the object, whatever numbers they were uploaded under.
        if (number > reader.Parts.Count)
            throw S3Errors.InvalidPartNumber(number, reader.Parts.Count);
        call.Response.Headers["x-amz-mp-parts-count"] = reader.Parts.Count.ToString();
        var part = reader.Parts[number - 1];
        return new ByteRange(part.Offset, part.LengthBytes);
    }

    /// <summary>A checksum covers all bytes, so a range has none; a part has its own.</summary>
    private static void WriteChecksum(S3Call call, IObjectReader reader, ByteRange? range)
    {
        if (range is null)
            ChecksumHeaders.Write(call.Response.Headers, reader.Version.Checksum, reader.Version.PartCount, withType: true);
        else if (call.Query.Number("partNumber", 1, PartNumberMax) is { } number && reader.Version.Checksum is { } whole)
        {
            // The type is that of the object, of which the part is one.
            call.Response.Headers["x-amz-checksum-type"] = ChecksumHeaders.NameOf(whole.Type);
            ChecksumHeaders.Write(call.Response.Headers, reader.Parts.Count > 0 ? reader.Parts[number - 1].Checksum : whole, partCount: 0, withType: false);
        }
    }
}
