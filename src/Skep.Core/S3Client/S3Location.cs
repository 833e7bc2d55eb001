using System.Diagnostics.CodeAnalysis;
using Skep.Core.Identity;

namespace Skep.Core.S3Client;

/// <summary>
/// Where an S3 store is, as a URL: <c>s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&amp;region=REGION&amp;style=path|virtual&amp;ca=FILE&amp;credentials=FILE&amp;profile=NAME</c>.
/// Holds no secret. <see cref="TryParseBuckets"/> reads the URL of a server's buckets instead of one bucket.
/// </summary>
public sealed record S3Location
{
    /// <summary>What such URLs begin with.</summary>
    public const string Scheme = "s3://";

    private const int BucketLengthMin = 3;
    private const int BucketLengthMax = 63;

    /// <summary>Room that the prefix must leave for keys.</summary>
    private const int PrefixLengthMax = 256;

    /// <summary>Room that the beginning of buckets' names must leave for the rest.</summary>
    private const int BucketPrefixLengthMax = 32;

    private const string ChecksumsKept = "keep";
    private const string ChecksumsVerified = "verify";

    private static readonly string[] _options = ["endpoint", "region", "style", "ca", "credentials", "profile"];

    /// <summary>The bucket's name; of several buckets what their names begin with, which may be empty.</summary>
    public required string Bucket { get; init; }

    /// <summary>What every key begins with: empty, or ends with a slash.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Scheme, host and port of the server.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The region that signatures name.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Whether the bucket is part of the host name (virtual style) instead of the path.</summary>
    public bool IsVirtualStyle { get; init; }

    /// <summary>A PEM file with the authorities to trust instead of the system's; null for those.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>A file of access keys in the form of ~/.aws/credentials; null when the keys come from elsewhere.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>The section of <see cref="CredentialsFile"/>.</summary>
    public string Profile { get; init; } = "default";

    /// <summary>Whether the server is asked to keep checksums that come after a body (trailers), which not every server knows.</summary>
    public bool KeepsChecksums { get; init; }

    /// <summary>
    /// Reads the URL of a server's buckets: like that of one bucket, with what the buckets' names begin with, or nothing, in
    /// place of the bucket's name, no prefix of keys, and <c>checksums=keep|verify</c>.
    /// </summary>
    /// <param name="url">The URL.</param>
    /// <param name="location">The location.</param>
    /// <param name="problem">What is wrong with the URL and what was expected.</param>
    public static bool TryParseBuckets(string url, [NotNullWhen(true)] out S3Location? location, [NotNullWhen(false)] out string? problem)
    {
        location = null;
        if (!Split(url, out var place, out var query, out problem))
            return false;
        if (place.Length > BucketPrefixLengthMax || !place.All(IsBucketCharacter) || (place.Length > 0 && !char.IsAsciiLetterOrDigit(place[0])))
        {
            problem = $"\"{place}\" is nothing that buckets' names can begin with: expected nothing, or at most {BucketPrefixLengthMax} of a-z 0-9 . -";
            return false;
        }

        location = Read(place, "", query, [.. _options, "checksums"], out problem);
        return location is not null;
    }

    /// <summary>Reads a URL.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="location">The location.</param>
    /// <param name="problem">What is wrong with the URL and what was expected.</param>
    public static bool TryParse(string url, [NotNullWhen(true)] out S3Location? location, [NotNullWhen(false)] out string? problem)
    {
        location = null;
        if (!Split(url, out var place, out var query, out problem))
            return false;
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? place : place[..slash];
        var prefix = slash < 0 ? "" : place[(slash + 1)..].Trim('/');
        if (!IsBucket(bucket))
        {
            problem = $"\"{bucket}\" is no bucket: expected {BucketLengthMin} to {BucketLengthMax} of a-z 0-9 . -";
            return false;
        }

        if (prefix.Length > PrefixLengthMax || (prefix.Length > 0 && !IsPrefix(prefix)))
        {
            problem = $"\"{prefix}\" is no prefix: expected at most {PrefixLengthMax} of a-z A-Z 0-9 . _ - /";
            return false;
        }

        location = Read(bucket, prefix.Length == 0 ? "" : prefix + "/", query, _options, out problem);
        return location is not null;
    }

    private static bool Split(string url, out string place, out string query, [NotNullWhen(false)] out string? problem)
    {
        (place, query, problem) = ("", "", null);
        if (!url.StartsWith(Scheme, StringComparison.Ordinal))
        {
            problem = $"\"{url}\" does not begin with {Scheme}";
            return false;
        }

        var question = url.IndexOf('?', StringComparison.Ordinal);
        place = question < 0 ? url[Scheme.Length..] : url[Scheme.Length..question];
        query = question < 0 ? "" : url[(question + 1)..];
        return true;
    }

    private static S3Location? Read(string bucket, string prefix, string query, string[] options, out string? problem)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in SigV4.Parameters(query))
            given[System.Text.Encoding.UTF8.GetString(name)] = System.Text.Encoding.UTF8.GetString(value);
        if (given.Keys.FirstOrDefault(k => !options.Contains(k)) is { } unknown)
        {
            problem = $"unknown parameter \"{unknown}\": expected {string.Join(", ", options[..^1])} or {options[^1]}";
            return null;
        }

        if (given.TryGetValue("checksums", out var checksums) && checksums is not (ChecksumsKept or ChecksumsVerified))
        {
            problem = $"checksums \"{checksums}\" is neither {ChecksumsKept} nor {ChecksumsVerified}";
            return null;
        }

        var region = given.GetValueOrDefault("region", "us-east-1");
        var style = given.GetValueOrDefault("style");
        if (style is not (null or "path" or "virtual"))
        {
            problem = $"style \"{style}\" is neither path nor virtual";
            return null;
        }

        var text = given.GetValueOrDefault("endpoint", $"https://s3.{region}.amazonaws.com");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.PathAndQuery != "/")
        {
            problem = $"endpoint \"{text}\" is not a URL such as https://host:port";
            return null;
        }

        if (given.FirstOrDefault(g => g.Key is "ca" or "credentials" && !Path.IsPathRooted(g.Value)) is { Key: { } option, Value: var path })
        {
            problem = $"{option} \"{path}\" is not an absolute path";
            return null;
        }

        problem = null;
        return new S3Location
        {
            Bucket = bucket,
            Prefix = prefix,
            Endpoint = endpoint,
            Region = region,
            // Buckets as host names need DNS that knows them: Amazon has it, one's own server seldom.
            IsVirtualStyle = style is "virtual" || (style is null && !given.ContainsKey("endpoint")),
            AuthorityFile = given.GetValueOrDefault("ca"),
            CredentialsFile = given.GetValueOrDefault("credentials"),
            Profile = given.GetValueOrDefault("profile", "default"),
            KeepsChecksums = checksums == ChecksumsKept,
        };
    }

    private static bool IsBucket(string name) =>
        name.Length is >= BucketLengthMin and <= BucketLengthMax
        && name.All(IsBucketCharacter)
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);

    private static bool IsBucketCharacter(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-';

    private static bool IsPrefix(string prefix) => prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/');
}
