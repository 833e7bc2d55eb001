using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

/// <summary>
/// The calculations of AWS Signature Version 4: canonical request, string to sign, signing key. Shared by the signer
/// and the verifier, so that they can only be wrong together; the published vectors guard against that.
/// </summary>
public static class SigV4
{
    /// <summary>The scheme's name.</summary>
    public const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The scheme with elliptic curves (SigV4A), which is refused by this name.</summary>
    public const string EcdsaAlgorithm = "AWS4-ECDSA-P256-SHA256";

    /// <summary>S3's name in a scope; S3 alone takes paths as they are and lets bodies stream.</summary>
    public const string S3Service = "s3";

    /// <summary>Form of X-Amz-Date.</summary>
    public const string DateFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>What S3 allows in place of a payload's hash.</summary>
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    /// <summary>The query parameter that is not part of what is signed.</summary>
    public const string SignatureParameter = "X-Amz-Signature";

    private static readonly SearchValues<byte> _unreserved = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    /// <summary>The signature, lower-case hex.</summary>
    /// <param name="request">What is signed.</param>
    /// <param name="signedHeaders">Lower-case names, sorted.</param>
    /// <param name="scope">Day, region, service.</param>
    /// <param name="date">The request's time in <see cref="DateFormat"/>.</param>
    /// <param name="secretAccessKey">The secret.</param>
    public static string Signature(SigV4Request request, IReadOnlyList<string> signedHeaders, SigV4Scope scope, string date, string secretAccessKey) =>
        Signature(SigningKey(secretAccessKey, scope), StringToSign(CanonicalRequest(request, signedHeaders, scope.Service), scope, date));

    /// <summary>The signature of a string to sign, lower-case hex. Forms sign their policy, in base64, like this.</summary>
    /// <param name="signingKey">From <see cref="SigningKey"/>.</param>
    /// <param name="stringToSign">The string.</param>
    public static string Signature(byte[] signingKey, string stringToSign) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(signingKey, Encoding.UTF8.GetBytes(stringToSign)));

    /// <summary>The canonical request.</summary>
    public static string CanonicalRequest(SigV4Request request, IReadOnlyList<string> signedHeaders, string service)
    {
        var text = new StringBuilder(512);
        text.Append(request.Method).Append('\n');
        text.Append(CanonicalPath(request.Path, service)).Append('\n');
        text.Append(CanonicalQuery(request.Query)).Append('\n');
        foreach (var name in signedHeaders)
            text.Append(name).Append(':').Append(CanonicalHeader(request, name)).Append('\n');
        text.Append('\n').AppendJoin(';', signedHeaders).Append('\n').Append(request.PayloadHash);
        return text.ToString();
    }

    /// <summary>The string to sign.</summary>
    public static string StringToSign(string canonicalRequest, SigV4Scope scope, string date) =>
        $"{Algorithm}\n{date}\n{scope.Text}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonicalRequest)))}";

    /// <summary>A time in <see cref="DateFormat"/>.</summary>
    public static string FormatDate(DateTimeOffset time) => time.UtcDateTime.ToString(DateFormat, CultureInfo.InvariantCulture);

    /// <summary>The key that signs everything of one secret, day, region and service.</summary>
    public static byte[] SigningKey(string secretAccessKey, SigV4Scope scope)
    {
        var key = HMACSHA256.HashData(Encoding.UTF8.GetBytes("AWS4" + secretAccessKey), Encoding.UTF8.GetBytes(scope.Date));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(scope.Region));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(scope.Service));
        return HMACSHA256.HashData(key, "aws4_request"u8);
    }

    /// <summary>Percent-encodes everything but RFC 3986's unreserved characters, upper-case hex.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.ContainsAnyExcept(_unreserved))
            return Encoding.ASCII.GetString(bytes);
        var text = new StringBuilder(bytes.Length * 2);
        foreach (var b in bytes)
        {
            if (_unreserved.Contains(b))
                text.Append((char)b);
            else
                text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>Percent-decodes; a percent sign without two digits stays.</summary>
    public static byte[] Decode(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '%' && i + 2 < bytes.Length && char.IsAsciiHexDigit((char)bytes[i + 1]) && char.IsAsciiHexDigit((char)bytes[i + 2]))
            {
                bytes[length++] = byte.Parse(bytes.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                i += 2;
            }
            else
            {
                bytes[length++] = bytes[i];
            }
        }

        return bytes[..length];
    }

    /// <summary>The parameters of a raw query, decoded.</summary>
    public static IEnumerable<(byte[] Name, byte[] Value)> Parameters(string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0 ? (Decode(pair), []) : (Decode(pair[..equals]), Decode(pair[(equals + 1)..]));
        }
    }

    /// <summary>S3 takes object keys as they are; other services normalise the path and encode it a second time.</summary>
    private static string CanonicalPath(string path, string service)
    {
        if (path.Length == 0)
            return "/";
        if (service == S3Service)
            return string.Join('/', path.Split('/').Select(s => Encode(Decode(s))));
        return string.Join('/', Normalize(path).Split('/').Select(s => Encode(Encoding.UTF8.GetBytes(s))));
    }

    /// <summary>Removes dot segments and doubled slashes (RFC 3986 section 5.2.4).</summary>
    private static string Normalize(string path)
    {
        var kept = new List<string>();
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == "..")
            {
                if (kept.Count > 0)
                    kept.RemoveAt(kept.Count - 1);
            }
            else if (segment != ".")
            {
                kept.Add(segment);
            }
        }

        var end = kept.Count > 0 && path.EndsWith('/') ? "/" : "";
        return $"/{string.Join('/', kept)}{end}";
    }

    private static string CanonicalQuery(string query)
    {
        var parameters = Parameters(query)
            .Select(p => (Name: Encode(p.Name), Value: Encode(p.Value)))
            .Where(p => p.Name != SignatureParameter)
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .ThenBy(p => p.Value, StringComparer.Ordinal);
        return string.Join('&', parameters.Select(p => $"{p.Name}={p.Value}"));
    }

    /// <summary>All values of a header, each trimmed and with runs of spaces as one, joined by commas.</summary>
    private static string CanonicalHeader(SigV4Request request, string name)
    {
        var values = request.Headers
            .Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(h => string.Join(' ', h.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        return string.Join(',', values);
    }
}
