using Skep.Objects;
using Skep.S3.Buckets;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>The source of a copy: found, allowed, and as the request's conditions want it.</summary>
internal sealed record CopySource(ObjectAddress Address, ObjectVersion Version, bool HasVersions)
{
    private const string Header = "x-amz-copy-source";
    private const string VersionParameter = "?versionId=";

    /// <summary>Finds the source that the request names.</summary>
    /// <exception cref="S3Exception">It is not well named, not allowed, or a condition does not hold.</exception>
    public static async Task<CopySource> OpenAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        var address = Parse(call.Header(Header)!);
        try
        {
            await services.Authorization.RequireAsync(call, address.VersionId is null ? "s3:GetObject" : "s3:GetObjectVersion", address.Bucket, address.Key, address.VersionId, ct);
            var bucket = await services.Store.HeadBucketAsync(address.Bucket, ct);
            ExpectedOwner.Check(call.Header("x-amz-source-expected-bucket-owner"), bucket);
            var version = await services.Store.HeadAsync(address, ct);
            if (Conditions.OfCopySource(call).Judge(version) is not ConditionResult.Proceed)
                throw S3Errors.PreconditionFailed("x-amz-copy-source-If-…");
            return new CopySource(address with { VersionId = version.VersionId }, version, bucket.Versioning is not VersioningState.None);
        }
        catch (ObjectException ex)
        {
            // Of the source, not of what is addressed.
            throw EngineErrors.Of(ex, call.Target with { Bucket = address.Bucket, Key = address.Key });
        }
    }

    /// <summary>Opens the source's bytes, decrypted; it must still be what was found.</summary>
    /// <exception cref="S3Exception">A customer's key is missing or another, or the KMS key cannot be used.</exception>
    public async ValueTask<IObjectReader> OpenReaderAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        var reader = await services.Store.OpenAsync(Address, ct);
        try
        {
            if (reader.Version.ETag != Version.ETag)
                throw S3Errors.PreconditionFailed("the source was replaced while it was copied");
            if (services.Encryption.OpenForRead(call, reader.Version.Metadata, Address, EncryptionHeaders.CopySourceCustomer) is { } key && reader.NeedsKey)
                reader.UseKey(key);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the header: bucket and key, percent-encoded, perhaps with a version.</summary>
    /// <exception cref="S3Exception">It is something else.</exception>
    public static ObjectAddress Parse(string header)
    {
        var version = header.LastIndexOf(VersionParameter, StringComparison.Ordinal);
        var path = S3Target.Decode(version < 0 ? header : header[..version]);
        if (path.StartsWith('/'))
            path = path[1..];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == path.Length - 1)
            throw S3Errors.InvalidArgument(Header, header, "Invalid copy source object key");
        return new ObjectAddress(BucketName.Known(path[..slash]), path[(slash + 1)..], version < 0 ? null : header[(version + VersionParameter.Length)..]);
    }

    /// <summary>Names the version that was copied.</summary>
    public void WriteVersionId(S3Call call)
    {
        if (HasVersions)
            call.Response.Headers["x-amz-copy-source-version-id"] = Version.VersionId;
    }
}
