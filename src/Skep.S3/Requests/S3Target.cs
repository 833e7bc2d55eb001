using System.Text;
using Skep.Core.Identity;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>
/// What a request's target names. Keys are any Unicode text: dot segments, doubled and leading slashes, plus and percent
/// signs mean themselves, so the target is read as it was sent and decoded exactly once.
/// </summary>
/// <param name="Bucket">The bucket; empty for the service.</param>
/// <param name="Key">The key; empty for a bucket.</param>
/// <param name="RawPath">The path as sent: what a signature covers.</param>
/// <param name="RawQuery">The query as sent, without the question mark.</param>
internal sealed record S3Target(string Bucket, string Key, string RawPath, string RawQuery)
{
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The account's name before the bucket's, TENANT:BUCKET as in Ceph Object Gateway ("Multitenancy"); empty for any account,
    /// null when there is no colon.
    /// </summary>
    public string? Tenant { get; private init; }

    /// <summary>The bucket as the host names it; null where the path names it, or nothing does.</summary>
    public string? HostBucket { get; private init; }

    /// <summary>Bytes of UTF-8 that a key may have.</summary>
    public const int KeyBytesMax = 1_024;

    /// <summary>What is addressed.</summary>
    public S3Level Level => Bucket.Length == 0 ? S3Level.Service : Key.Length == 0 ? S3Level.Bucket : S3Level.Object;

    /// <summary>"/bucket/key", for messages.</summary>
    public string Resource => Key.Length == 0 ? $"/{Bucket}" : $"/{Bucket}/{Key}";

    /// <summary>The key, unless no object can have it.</summary>
    /// <exception cref="S3Exception">KeyTooLongError.</exception>
    public static string KnownKey(string key) =>
        _utf8.GetByteCount(key) is <= KeyBytesMax ? key : throw S3Errors.KeyTooLong(_utf8.GetByteCount(key), KeyBytesMax);

    /// <summary>Reads a target.</summary>
    /// <param name="rawTarget">The request line's target, as sent.</param>
    /// <param name="host">The Host header.</param>
    /// <param name="domains">Names whose subdomains are buckets (virtual-hosted addresses).</param>
    /// <exception cref="S3Exception">It is not UTF-8.</exception>
    public static S3Target Parse(string rawTarget, string host, IReadOnlyList<string> domains)
    {
        var (path, query) = Split(rawTarget);
        var decoded = Decode(path);
        if (BucketOf(host, domains) is { } hosted)
            return new S3Target(hosted, decoded[1..], path, query) { HostBucket = hosted };
        var slash = decoded.IndexOf('/', 1);
        var (bucket, key) = slash < 0 ? (decoded[1..], "") : (decoded[1..slash], decoded[(slash + 1)..]);
        var colon = bucket.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new S3Target(bucket, key, path, query)
            : new S3Target(bucket[(colon + 1)..], key, path, query) { Tenant = bucket[..colon] };
    }

    /// <summary>Percent-decodes a path or a copy source.</summary>
    /// <exception cref="S3Exception">It is not UTF-8.</exception>
    public static string Decode(string text)
    {
        try
        {
            return _utf8.GetString(SigV4.Decode(text));
        }
        catch (DecoderFallbackException)
        {
            throw S3Errors.InvalidUri(text);
        }
    }

    private static (string Path, string Query) Split(string target)
    {
        // The absolute form names scheme and host once more (RFC 9112 section 3.2.2).
        if (!target.StartsWith('/'))
        {
            var scheme = target.IndexOf("://", StringComparison.Ordinal);
            var rest = scheme < 0 ? -1 : target.AsSpan(scheme + 3).IndexOfAny('/', '?');
            target = rest < 0 ? "/" : target[(scheme + 3 + rest)..];
        }

        var question = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (target, "") : (target[..question], target[(question + 1)..]);
        return (path.Length == 0 ? "/" : path, query);
    }

    private static string? BucketOf(string host, IReadOnlyList<string> domains)
    {
        var colon = host.LastIndexOf(':');
        var name = colon > host.LastIndexOf(']') ? host[..colon] : host;
        foreach (var domain in domains)
        {
            if (name.Length > domain.Length + 1
                && name.EndsWith(domain, StringComparison.OrdinalIgnoreCase)
                && name[name.Length - domain.Length - 1] == '.')
                return name[..(name.Length - domain.Length - 1)].ToLowerInvariant();
        }

        return null;
    }
}
