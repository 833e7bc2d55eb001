using System.Text;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>What a request says that is to be stored beside an object's bytes.</summary>
internal static class UploadHeaders
{
    /// <summary>Prefix of the user's own metadata.</summary>
    public const string MetaPrefix = "x-amz-meta-";

    /// <summary>Where the storage class is kept; STANDARD is not.</summary>
    public const string StorageClassHeader = "x-amz-storage-class";

    /// <summary>Where a website redirects the object to.</summary>
    public const string RedirectHeader = "x-amz-website-redirect-location";

    /// <summary>The class of what names none.</summary>
    public const string StandardClass = "STANDARD";

    /// <summary>Bytes of names and values of the user's own metadata.</summary>
    private const int MetaBytesMax = 2_048;

    private const string ChunkedEncoding = "aws-chunked";

    private static readonly string[] _kept =
        ["Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", RedirectHeader];

    private static readonly string[] _storageClasses =
        [StandardClass, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"];

    /// <summary>The headers to store.</summary>
    /// <exception cref="S3Exception">The user's metadata is too large, or the storage class unknown.</exception>
    public static List<KeyValuePair<string, string>> Read(S3Call call)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var name in _kept)
        {
            if (call.Header(name) is { } value && Clean(name, value) is { Length: > 0 } kept)
                headers.Add(new(name, kept));
        }

        if (StorageClass(call) is { } storageClass)
            headers.Add(new(StorageClassHeader, storageClass));
        ReadMeta(call, headers);
        return headers;
    }

    /// <summary>The storage class of stored headers.</summary>
    public static string StorageClassOf(ObjectMetadata metadata) =>
        metadata.Headers.FirstOrDefault(h => h.Key == StorageClassHeader).Value ?? StandardClass;

    private static string? StorageClass(S3Call call)
    {
        if (call.Header(StorageClassHeader) is not { } name)
            return null;
        if (!_storageClasses.Contains(name))
            throw S3Errors.Of("InvalidStorageClass", 400, "The storage class you specified is not valid");
        return name == StandardClass ? null : name;
    }

    private static void ReadMeta(S3Call call, List<KeyValuePair<string, string>> headers)
    {
        var size = 0;
        foreach (var (name, raw) in call.HeadersWith(MetaPrefix))
        {
            var value = EncodedWords.Decode(raw);
            size += name.Length - MetaPrefix.Length + Encoding.UTF8.GetByteCount(value);
            headers.Add(new(name, value));
        }

        if (size > MetaBytesMax)
            throw S3Errors.MetadataTooLarge(size, MetaBytesMax);
    }

    /// <summary>The transfer's own encoding is not the object's.</summary>
    private static string Clean(string name, string value) =>
        name != "Content-Encoding"
            ? value
            : string.Join(", ", value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(e => e != ChunkedEncoding));
}
