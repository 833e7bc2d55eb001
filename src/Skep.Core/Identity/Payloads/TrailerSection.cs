using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity.Payloads;

/// <summary>
/// What stands behind the last chunk: lines <c>name:value</c>, in signed bodies x-amz-trailer-signature behind them, and an
/// empty line. Some clients end a trailer's line with a bare line feed, as it is signed, and put an empty line before the
/// signature; S3 takes that, and so does this.
/// </summary>
internal static class TrailerSection
{
    /// <summary>Bytes that the section may have.</summary>
    public const int LengthMax = 8_192;

    private const string SignatureName = "x-amz-trailer-signature";

    /// <summary>Reads and checks the section.</summary>
    /// <param name="section">All bytes behind the last chunk's line, to the body's end.</param>
    /// <param name="announced">Lower-case names that must be there, and no others.</param>
    /// <param name="chain">Checks the signature; null when there must be none.</param>
    /// <exception cref="SigV4Exception">MalformedTrailer, Mismatch, IncompleteBody.</exception>
    public static Dictionary<string, string> Read(ReadOnlySpan<byte> section, IReadOnlyList<string> announced, SigV4Chain? chain)
    {
        if (!section.SequenceEqual("\r\n"u8) && !section.EndsWith("\n\r\n"u8))
            throw new SigV4Exception(SigV4Failure.IncompleteBody, "The body ends within its trailers.");
        var trailers = new Dictionary<string, string>(StringComparer.Ordinal);
        var signed = new StringBuilder();
        string? signature = null;
        foreach (var range in section.Split((byte)'\n'))
        {
            var line = section[range];
            line = line.EndsWith("\r"u8) ? line[..^1] : line;
            if (line.IsEmpty)
                continue;
            var (name, value) = Parse(line);
            if (signature is not null)
                throw Malformed($"'{name}' stands behind {SignatureName}");
            if (name == SignatureName)
                signature = value;
            else if (!announced.Contains(name))
                throw Malformed($"'{name}' was not announced in x-amz-trailer");
            else if (!trailers.TryAdd(name, value))
                throw Malformed($"'{name}' comes more than once");
            else
                signed.Append(name).Append(':').Append(value).Append('\n');
        }

        if (announced.FirstOrDefault(n => !trailers.ContainsKey(n)) is { } missing)
            throw Malformed($"'{missing}' was announced in x-amz-trailer and is missing");
        CheckSignature(signed.ToString(), signature, chain);
        return trailers;
    }

    private static void CheckSignature(string signed, string? signature, SigV4Chain? chain)
    {
        if (chain is null)
        {
            if (signature is not null)
                throw Malformed($"{SignatureName} in an unsigned body");
            return;
        }

        if (signature is null)
            throw Malformed($"{SignatureName} is missing");
        var expected = chain.NextTrailer(SHA256.HashData(Encoding.ASCII.GetBytes(signed)));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(signature)))
            throw new SigV4Exception(SigV4Failure.Mismatch, "The signature of the trailers does not match the one calculated here.");
    }

    private static (string Name, string Value) Parse(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 1 || line.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            throw Malformed("a line is not 'name:value' in ASCII");
        var name = Encoding.ASCII.GetString(line[..colon]).ToLowerInvariant();
        if (name.Contains(' '))
            throw Malformed("a name contains a space");
        return (name, Encoding.ASCII.GetString(line[(colon + 1)..]).Trim());
    }

    private static SigV4Exception Malformed(string what) => new(SigV4Failure.MalformedTrailer, $"The trailers are malformed: {what}.");
}
