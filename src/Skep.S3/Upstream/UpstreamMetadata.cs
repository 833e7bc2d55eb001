using System.Globalization;
using System.Text;
using Skep.Objects;
using Skep.S3.Locks;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

/// <summary>
/// What is beside an object, as headers of the server behind. Tags, retention and hold are its own; an owner who is not
/// the bucket's and an access control list are user metadata under a name that clients cannot use.
/// </summary>
internal static class UpstreamMetadata
{
    private const string ReservedPrefix = UploadHeaders.MetaPrefix + "skep-";
    private const string OwnerHeader = ReservedPrefix + "owner";
    private const string AclHeader = ReservedPrefix + "acl";

    private static readonly string[] _kept =
        ["Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", UploadHeaders.RedirectHeader, UploadHeaders.StorageClassHeader];

    /// <summary>The headers of an upload.</summary>
    /// <exception cref="ObjectException">It has what the server behind cannot keep, or uses a reserved name.</exception>
    public static List<KeyValuePair<string, string>> Write(ObjectMetadata metadata, string bucketOwner)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in metadata.Headers)
        {
            if (name.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase))
                throw new ObjectException(ObjectError.InvalidArgument, $"user metadata whose name begins with {ReservedPrefix} is reserved");
            headers.Add(new(name, value));
        }

        if (!metadata.Encryption.IsEmpty)
            throw Encryption();
        if (metadata.Tags.Count > 0)
            headers.Add(new("x-amz-tagging", string.Join('&', metadata.Tags.Select(t => $"{UpstreamClient.Encode(t.Key)}={UpstreamClient.Encode(t.Value)}"))));
        if (metadata.Owner.Length > 0 && metadata.Owner != bucketOwner)
            headers.Add(new(OwnerHeader, metadata.Owner));
        if (!metadata.Acl.IsEmpty)
            headers.Add(new(AclHeader, Convert.ToBase64String(metadata.Acl.Span)));
        if (metadata.Retention.Mode is not RetentionMode.None)
        {
            headers.Add(new("x-amz-object-lock-mode", ObjectLock.NameOf(metadata.Retention.Mode)));
            headers.Add(new("x-amz-object-lock-retain-until-date", S3Xml.FormatTime(metadata.Retention.Until)));
        }

        if (metadata.IsLegalHold)
            headers.Add(new("x-amz-object-lock-legal-hold", "ON"));
        return headers;
    }

    /// <summary>The refusal of encryption with keys that this side has.</summary>
    public static ObjectException Encryption() =>
        new(ObjectError.NotSupported, "Server-side encryption is not done in front of another S3 server: let that server encrypt");

    /// <summary>The version that a GET or HEAD answers with; without its tags.</summary>
    public static ObjectVersion Read(UpstreamAnswer answer, ObjectAddress address, string bucketOwner, bool isLatest)
    {
        var headers = new List<KeyValuePair<string, string>>();
        var (owner, acl) = (bucketOwner, Array.Empty<byte>());
        foreach (var (name, value) in answer.Headers)
        {
            if (Array.Find(_kept, k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } kept)
            {
                // What is said of everything is said of nothing.
                if (value != (kept == UploadHeaders.StorageClassHeader ? UploadHeaders.StandardClass : kept == "Content-Type" ? ObjectHeaders.DefaultContentType : null))
                    headers.Add(new(kept, value));
            }
            else if (name.Equals(OwnerHeader, StringComparison.OrdinalIgnoreCase))
                owner = value;
            else if (name.Equals(AclHeader, StringComparison.OrdinalIgnoreCase))
                acl = DecodeAcl(value, address);
            else if (name.StartsWith(UploadHeaders.MetaPrefix, StringComparison.OrdinalIgnoreCase))
                headers.Add(new(name.ToLowerInvariant(), EncodedWords.Decode(value)));
        }

        var etag = Objects.Conditions.Unquote(answer.Header("ETag") ?? "");
        var partCount = PartCountOf(etag);
        return new ObjectVersion
        {
            Key = address.Key,
            VersionId = answer.Header("x-amz-version-id") ?? ObjectVersion.NullId,
            IsLatest = isLatest,
            LengthBytes = LengthOf(answer),
            ETag = etag,
            LastModified = answer.Response.Content.Headers.LastModified ?? default,
            Checksum = ChecksumOf(answer, partCount),
            PartCount = partCount,
            Metadata = new ObjectMetadata
            {
                Headers = headers,
                Owner = owner,
                Acl = acl,
                Retention = RetentionOf(answer),
                IsLegalHold = answer.Header("x-amz-object-lock-legal-hold") == "ON",
            },
        };
    }

    /// <summary>The checksum that an answer names.</summary>
    public static ObjectChecksum? ChecksumOf(UpstreamAnswer answer, int partCount)
    {
        foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
        {
            if (answer.Header("x-amz-checksum-" + ChecksumHeaders.NameOf(algorithm).ToLowerInvariant()) is not { } text)
                continue;
            var type = answer.Header("x-amz-checksum-type") switch
            {
                "COMPOSITE" => ChecksumType.Composite,
                "FULL_OBJECT" => ChecksumType.FullObject,
                _ => partCount > 0 && text.Contains('-', StringComparison.Ordinal) ? ChecksumType.Composite : ChecksumType.FullObject,
            };
            return ParseChecksum(algorithm, type, text);
        }

        return null;
    }

    /// <summary>The checksum of an element of a list or an answer.</summary>
    public static ObjectChecksum? ChecksumOf(XmlElement element)
    {
        foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
        {
            if (element.Value(ChecksumHeaders.ElementOf(algorithm)) is { Length: > 0 } text)
            {
                var isComposite = element.Value("ChecksumType") == "COMPOSITE" || text.Contains('-', StringComparison.Ordinal);
                return ParseChecksum(algorithm, isComposite ? ChecksumType.Composite : ChecksumType.FullObject, text);
            }
        }

        return null;
    }

    /// <summary>The number of parts that an ETag tells of: "…-3".</summary>
    public static int PartCountOf(string etag)
    {
        var dash = etag.LastIndexOf('-');
        return dash > 0 && int.TryParse(etag.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var parts) ? parts : 0;
    }

    private static ObjectChecksum? ParseChecksum(ChecksumAlgorithm algorithm, ChecksumType type, string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var value = new byte[Skep.Objects.Checksums.ChecksumHasher.SizeBytes(algorithm)];
        return Convert.TryFromBase64String(dash < 0 ? text : text[..dash], value, out var written) && written == value.Length
            ? new ObjectChecksum(algorithm, type, value)
            : null;
    }

    private static long LengthOf(UpstreamAnswer answer) =>
        answer.Response.Content.Headers.ContentRange?.Length ?? answer.Response.Content.Headers.ContentLength
        ?? throw new ObjectException(ObjectError.Io, "the server behind does not say how long the object is");

    private static Retention RetentionOf(UpstreamAnswer answer)
    {
        var mode = answer.Header("x-amz-object-lock-mode") switch
        {
            "GOVERNANCE" => RetentionMode.Governance,
            "COMPLIANCE" => RetentionMode.Compliance,
            _ => RetentionMode.None,
        };
        return mode is not RetentionMode.None
            && DateTimeOffset.TryParse(answer.Header("x-amz-object-lock-retain-until-date"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? new Retention(mode, until)
            : default;
    }

    private static byte[] DecodeAcl(string value, ObjectAddress address)
    {
        try
        {
            return Convert.FromBase64String(value);
        }
        catch (FormatException ex)
        {
            // Without its list nobody but the bucket's owner could be let in rightly; whoever wrote it there must mend it.
            throw new ObjectException(ObjectError.Damaged, $"{address}: its access control list ({AclHeader}) cannot be read: {ex.Message}", ex);
        }
    }
}
