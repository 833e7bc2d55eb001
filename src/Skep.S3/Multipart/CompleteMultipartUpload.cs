using System.Globalization;
using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Lifecycle;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Puts the object together from its parts.</summary>
internal sealed class CompleteMultipartUpload(S3Services services) : S3Operation
{
    private static readonly ChecksumAlgorithm[] _algorithms =
        [ChecksumAlgorithm.Crc32, ChecksumAlgorithm.Crc32C, ChecksumAlgorithm.Crc64Nvme, ChecksumAlgorithm.Sha1, ChecksumAlgorithm.Sha256];

    /// <inheritdoc/>
    public override string Name => "CompleteMultipartUpload";

    /// <inheritdoc/>
    public override S3Route Route => new("POST", S3Level.Object, "uploadId");

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var root = await call.Body.ReadDocumentAsync(call, ct);
        var parts = root.All("Part").Select(Read).ToList();
        if (root.Name != "CompleteMultipartUpload" || parts.Count is 0 or > MultipartElements.PartNumberMax)
            throw S3Errors.MalformedXml($"CompleteMultipartUpload names {parts.Count} parts, expected 1 to {MultipartElements.PartNumberMax}");
        if (parts.Zip(parts.Skip(1)).Any(pair => pair.First.Number >= pair.Second.Number))
            throw S3Errors.InvalidPartOrder();
        var customer = await CheckEncryptionAsync(call, ct);
        var request = new CompleteUploadRequest
        {
            Upload = MultipartElements.UploadOf(call),
            Parts = parts,
            PartBytesMin = services.S3.PartBytesMin,
            Conditions = Conditions.OfWrite(call),
            LengthBytes = SizeOf(call),
            Checksum = ChecksumOf(call),
        };
        var version = await Conditions.TellAbsentAsync(services, call, () => services.Store.CompleteUploadAsync(request, ct), ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.CompleteMultipartUpload, call.BucketInfo, version));
        ObjectHeaders.WriteNewVersionId(call, version);
        EncryptionHeaders.Write(call.Response.Headers, ObjectEncryption.Decode(version.Metadata.Encryption), customer);
        await LifecycleHeaders.WriteExpirationAsync(services, call, version, ct);
        var location = $"{call.Http.Request.Scheme}://{call.Http.Request.Host}{call.Target.RawPath}";
        var xml = new S3Xml("CompleteMultipartUploadResult")
            .Element("Location", location)
            .Element("Bucket", call.Bucket)
            .Element("Key", call.Key)
            .Element("ETag", $"\"{version.ETag}\"")
            .Checksum(version.Checksum, version.PartCount);
        if (version.Checksum is { } made)
            xml.Element("ChecksumType", ChecksumHeaders.NameOf(made.Type));
        await call.SendAsync(xml, ct);
    }

    /// <summary>A customer's key is needed again where parts have checksums, as in S3; one that is sent must be that of the upload.</summary>
    private async ValueTask<CustomerKey?> CheckEncryptionAsync(S3Call call, CancellationToken ct)
    {
        var customer = CustomerKey.Read(call, EncryptionHeaders.Customer);
        try
        {
            var upload = await UploadPart.FindUploadAsync(services, call, ct);
            EncryptionHeaders.RefuseOther(call, ObjectEncryption.Decode(upload.Metadata.Encryption));
            if (customer is not null || upload.Checksum is not null)
                services.Encryption.OfPart(call, upload);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchUpload)
        {
            // Completed already, perhaps; the store knows.
        }

        return customer;
    }

    /// <summary>What the whole object's checksum must be, as the headers say.</summary>
    private static ReadOnlyMemory<byte>? ChecksumOf(S3Call call)
    {
        foreach (var algorithm in _algorithms)
        {
            if (call.Header($"x-amz-checksum-{ChecksumHeaders.NameOf(algorithm).ToLowerInvariant()}") is { } text)
                return ChecksumHeaders.ParseValue(algorithm, text);
        }

        return null;
    }

    private static CompletedPart Read(XmlElement part)
    {
        if (!int.TryParse(part.Value("PartNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > MultipartElements.PartNumberMax)
            throw S3Errors.InvalidArgument("PartNumber", part.Value("PartNumber") ?? "", $"PartNumber must be 1 to {MultipartElements.PartNumberMax}");
        if (part.Value("ETag") is not { Length: > 0 } etag)
            throw S3Errors.MalformedXml($"part {number} has no ETag");
        ReadOnlyMemory<byte>? checksum = null;
        foreach (var algorithm in _algorithms)
        {
            if (part.Value(ChecksumHeaders.ElementOf(algorithm)) is { Length: > 0 } text)
                checksum = ChecksumHeaders.ParseValue(algorithm, text);
        }

        return new CompletedPart(number, Conditions.Unquote(etag), checksum);
    }

    private static long? SizeOf(S3Call call)
    {
        if (call.Header("x-amz-mp-object-size") is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? size
            : throw S3Errors.InvalidArgument("x-amz-mp-object-size", text, "x-amz-mp-object-size must be a number of bytes");
    }
}
