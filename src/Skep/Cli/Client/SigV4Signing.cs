using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Cli.Client;

/// <summary>
/// Signs a POST of a form to "/" with AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request").
/// </summary>
internal static class SigV4Signing
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string SignedHeaders = "content-type;host;x-amz-date";

    /// <summary>Puts X-Amz-Date and Authorization on the request. <paramref name="host"/> is the Host header's value.</summary>
    public static void Sign(HttpRequestMessage request, string host, string contentType, ReadOnlySpan<byte> body, DaemonFiles identity, string service, DateTimeOffset now)
    {
        var time = now.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{identity.Region}/{service}/aws4_request";
        var canonical = $"POST\n/\n\ncontent-type:{contentType}\nhost:{host}\nx-amz-date:{time}\n\n{SignedHeaders}\n{Hex(SHA256.HashData(body))}";
        var toSign = $"{Algorithm}\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";

        var key = Encoding.UTF8.GetBytes($"AWS4{identity.SecretAccessKey}");
        foreach (var part in scope.Split('/'))
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));

        request.Headers.TryAddWithoutValidation("X-Amz-Date", time);
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"{Algorithm} Credential={identity.AccessKeyId}/{scope}, SignedHeaders={SignedHeaders}, Signature={signature}");
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
