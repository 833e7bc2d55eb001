using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Lifecycle;
using Skep.S3.Multipart;
using Skep.S3.Notifications;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Objects;

/// <summary>Copies an object inside the store. No byte is read, unless the copy has another checksum, or is encrypted otherwise, than the source.</summary>
internal sealed class CopyObject(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "CopyObject";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, IsCopy: true);

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (call.Http.Request.ContentLength > 0)
            throw S3Errors.InvalidRequest("You can only specify a copy source header for copy requests.");
        var replaces = Directive(call, "x-amz-metadata-directive");
        var replacesTags = Directive(call, "x-amz-tagging-directive");
        var source = await CopySource.OpenAsync(services, call, ct);
        if (source.Version.LengthBytes > S3Body.BytesMax)
            throw S3Errors.InvalidRequest($"The specified copy source is larger than the maximum allowable size for a copy source: {S3Body.BytesMax}");
        if (!replaces && IsOnItself(call, source))
            throw S3Errors.InvalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
        var encryption = await services.Encryption.DecideAsync(call, ct);
        var given = await UploadMetadata.MakeAsync(services, call, encryption, ct);
        var metadata = Mix(source.Version.Metadata, given, replaces, replacesTags);
        var version = await CopyAsync(call, source, metadata, encryption, ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.Copy, call.BucketInfo, version));
        encryption.WriteHeaders(call.Response.Headers);
        source.WriteVersionId(call);
        ObjectHeaders.WriteNewVersionId(call, version);
        await LifecycleHeaders.WriteExpirationAsync(services, call, version, ct);
        var xml = new S3Xml("CopyObjectResult").Element("LastModified", version.LastModified).Element("ETag", $"\"{version.ETag}\"").Checksum(version.Checksum, version.PartCount);
        if (version.Checksum is { } checksum)
            xml.Element("ChecksumType", ChecksumHeaders.NameOf(checksum.Type));
        await call.SendAsync(xml, ct);
    }

    private async Task<ObjectVersion> CopyAsync(S3Call call, CopySource source, ObjectMetadata metadata, WriteEncryption encryption, CancellationToken ct)
    {
        var wanted = call.Header("x-amz-checksum-algorithm") is { } name ? ChecksumHeaders.Parse(name) : (ChecksumAlgorithm?)null;
        if ((wanted is null || source.Version.Checksum?.Algorithm == wanted) && encryption.CanShare(ObjectEncryption.Decode(source.Version.Metadata.Encryption)))
            return await ShareAsync(call, source, metadata, encryption, ct);
        await using var reader = await source.OpenReaderAsync(services, call, ct);
        var request = new PutRequest
        {
            Bucket = call.Bucket,
            Key = call.Key,
            Metadata = metadata,
            Conditions = Conditions.OfWrite(call),
            Body = encryption.Apply(new BodyClaims { LengthBytes = reader.Version.LengthBytes, Checksum = wanted ?? reader.Version.Checksum?.Algorithm }),
        };
        await using var body = new ObjectReaderStream(reader, 0, reader.Version.LengthBytes);
        return await services.Store.PutAsync(request, body, ct);
    }

    private ValueTask<ObjectVersion> ShareAsync(S3Call call, CopySource source, ObjectMetadata metadata, WriteEncryption encryption, CancellationToken ct)
    {
        // Refuses a customer's key that is not of the source, and a KMS key that cannot be used any more.
        services.Encryption.OpenForRead(call, source.Version.Metadata, source.Address, EncryptionHeaders.CopySourceCustomer);
        return services.Store.CopyAsync(
            new CopyRequest
            {
                Source = source.Address,
                SourceIfMatch = source.Version.ETag,
                Bucket = call.Bucket,
                Key = call.Key,
                // Of the source as it is when it is copied: one of the same ETag may have another data key.
                Metadata = current => metadata with { Encryption = services.Encryption.Share(current, source.Address, encryption, new ObjectAddress(call.Bucket, call.Key)) },
                Conditions = Conditions.OfWrite(call),
            },
            ct);
    }

    /// <summary>What is kept of the source; who owns the copy, its list and its locks are the request's alone.</summary>
    private static ObjectMetadata Mix(ObjectMetadata source, ObjectMetadata given, bool replaces, bool replacesTags)
    {
        if (replaces)
            return given with { Tags = replacesTags ? given.Tags : source.Tags };
        // The class and the redirection are not metadata that a copy keeps.
        var headers = source.Headers.Where(h => h.Key is not (UploadHeaders.StorageClassHeader or UploadHeaders.RedirectHeader))
            .Concat(given.Headers.Where(h => h.Key is UploadHeaders.StorageClassHeader or UploadHeaders.RedirectHeader));
        return given with { Headers = [.. headers], Tags = replacesTags ? given.Tags : source.Tags };
    }

    private static bool IsOnItself(S3Call call, CopySource source) =>
        source.Address.Bucket == call.Bucket
        && source.Address.Key == call.Key
        && source.Version.IsLatest
        && call.Header(UploadHeaders.StorageClassHeader) is null
        && call.Header(UploadHeaders.RedirectHeader) is null
        && !EncryptionHeaders.AreGiven(call)
        // Without a customer's key for the copy, that of the source is what changes.
        && ObjectEncryption.Decode(source.Version.Metadata.Encryption) is not { Algorithm: ObjectEncryption.Customer };

    private static bool Directive(S3Call call, string header) => call.Header(header) switch
    {
        null or "COPY" => false,
        "REPLACE" => true,
        var other => throw S3Errors.InvalidArgument(header, other, $"Unknown directive in {header}"),
    };
}
