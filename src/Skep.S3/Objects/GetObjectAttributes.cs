using System.Globalization;
using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Multipart;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Objects;

/// <summary>Shows chosen attributes of an object, of its parts too.</summary>
internal sealed class GetObjectAttributes(S3Services services) : S3Operation
{
    private const int PartsMax = 1_000;

    /// <inheritdoc/>
    public override string Name => "GetObjectAttributes";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "attributes");

    /// <inheritdoc/>
    public override string Action => "s3:GetObject";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:GetObjectVersion" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var wanted = (call.Header("x-amz-object-attributes") ?? throw S3Errors.InvalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"))
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (wanted.FirstOrDefault(w => w is not ("ETag" or "Checksum" or "ObjectParts" or "StorageClass" or "ObjectSize")) is { } unknown)
            throw S3Errors.InvalidArgument("x-amz-object-attributes", unknown, "Invalid attribute name specified.");
        await using var reader = await services.Store.OpenAsync(call.Address, ct);
        var version = reader.Version;
        ObjectEncryptor.Show(call, version.Metadata);
        call.Response.Headers.LastModified = version.LastModified.ToString("R", CultureInfo.InvariantCulture);
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        var xml = new S3Xml("GetObjectAttributesResponse");
        if (wanted.Contains("ETag"))
            xml.Element("ETag", version.ETag);
        if (wanted.Contains("Checksum") && version.Checksum is { } checksum)
            xml.Open("Checksum").Checksum(checksum, version.PartCount).Element("ChecksumType", ChecksumHeaders.NameOf(checksum.Type)).Close();
        if (wanted.Contains("ObjectParts") && await reader.ListPartsAsync(ct) is { Count: > 0 } parts)
            WriteParts(xml, call, parts);
        if (wanted.Contains("StorageClass"))
            xml.Element("StorageClass", UploadHeaders.StorageClassOf(version.Metadata));
        if (wanted.Contains("ObjectSize"))
            xml.Element("ObjectSize", version.LengthBytes);
        await call.SendAsync(xml, ct);
    }

    private static void WriteParts(S3Xml xml, S3Call call, IReadOnlyList<ObjectPart> parts)
    {
        var max = Math.Min(Number(call, "x-amz-max-parts") ?? PartsMax, PartsMax);
        var marker = Number(call, "x-amz-part-number-marker") ?? 0;
        var page = parts.Where(p => p.Number > marker).Take(max).ToList();
        var last = page.Count > 0 ? page[^1].Number : marker;
        xml.Open("ObjectParts")
            .Element("PartsCount", parts.Count)
            .Element("PartNumberMarker", marker)
            .Element("NextPartNumberMarker", last)
            .Element("MaxParts", max)
            .Element("IsTruncated", parts[^1].Number > last);
        foreach (var part in page)
            xml.Open("Part").Element("PartNumber", part.Number).Element("Size", part.LengthBytes).Checksum(part.Checksum, partCount: 0).Close();
        xml.Close();
    }

    private static int? Number(S3Call call, string header)
    {
        if (call.Header(header) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw S3Errors.InvalidArgument(header, text, $"{header} must be a number");
    }
}
