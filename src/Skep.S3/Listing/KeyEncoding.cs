using System.Text;
using Skep.Core.Identity;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Listing;

/// <summary>How a listing writes keys: as they are, or percent-encoded (encoding-type=url) for those that XML cannot carry.</summary>
internal readonly record struct KeyEncoding(bool IsUrl)
{
    /// <summary>The encoding that a request asks for.</summary>
    /// <exception cref="S3Exception">It is another than url.</exception>
    public static KeyEncoding Of(S3Query query) => query["encoding-type"] switch
    {
        null or "" => new KeyEncoding(IsUrl: false),
        "url" => new KeyEncoding(IsUrl: true),
        var other => throw S3Errors.InvalidArgument("encoding-type", other, "Invalid Encoding Method specified in Request"),
    };

    /// <summary>The element that says so; null for none.</summary>
    public string? Element => IsUrl ? "url" : null;

    /// <summary>A key, prefix, marker or delimiter.</summary>
    public string Encode(string key) =>
        IsUrl ? string.Join('/', key.Split('/').Select(s => SigV4.Encode(Encoding.UTF8.GetBytes(s)))) : key;

    /// <summary>The same of one that may not be there.</summary>
    public string? EncodeAny(string? key) => key is null ? null : Encode(key);
}
