namespace Skep.Core.Identity;

/// <summary>
/// The parts of an HTTP request that a signature covers, free of any HTTP library.
/// </summary>
/// <param name="Method">Upper-case method.</param>
/// <param name="Path">The path as sent, still percent-encoded.</param>
/// <param name="Query">The query as sent, still percent-encoded, without the question mark.</param>
/// <param name="Headers">Header lines in order; a name may repeat.</param>
/// <param name="PayloadHash">Lower-case hex SHA-256 of the body, or what S3 allows in its place.</param>
public sealed record SigV4Request(
    string Method,
    string Path,
    string Query,
    IReadOnlyList<KeyValuePair<string, string>> Headers,
    string PayloadHash)
{
    /// <summary>The hash of an empty body.</summary>
    public const string EmptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>
    /// The bucket that the host names; null where the path has it. Only <see cref="SigV2"/> signs it apart from the host.
    /// </summary>
    public string? HostBucket { get; init; }

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name)
    {
        foreach (var (key, value) in Headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }
}
