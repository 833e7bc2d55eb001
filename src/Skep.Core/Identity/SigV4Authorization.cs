using System.Diagnostics.CodeAnalysis;

namespace Skep.Core.Identity;

/// <summary>What a signature's carrier (header or query) says.</summary>
/// <param name="Scope">Credential and scope.</param>
/// <param name="SignedHeaders">Lower-case names in the order given.</param>
/// <param name="Signature">Hex.</param>
internal sealed record SigV4Authorization(SigV4Scope Scope, IReadOnlyList<string> SignedHeaders, string Signature)
{
    private const int HeaderLengthMax = 8_192;

    /// <summary>Reads an Authorization header of the AWS4-HMAC-SHA256 scheme; says what is wrong otherwise.</summary>
    public static bool TryParse(
        string header,
        [NotNullWhen(true)] out SigV4Authorization? authorization,
        [NotNullWhen(false)] out string? problem)
    {
        authorization = null;
        if (header.Length > HeaderLengthMax || !header.StartsWith(SigV4.Algorithm + " ", StringComparison.Ordinal))
        {
            problem = $"Authorization header must begin with '{SigV4.Algorithm} '.";
            return false;
        }

        string? credential = null, signedHeaders = null, signature = null;
        foreach (var part in header[SigV4.Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var value = equals < 0 ? "" : part[(equals + 1)..];
            switch (equals < 0 ? part : part[..equals])
            {
                case "Credential" when credential is null:
                    credential = value;
                    break;
                case "SignedHeaders" when signedHeaders is null:
                    signedHeaders = value;
                    break;
                case "Signature" when signature is null:
                    signature = value;
                    break;
                default:
                    problem = $"'{part}' not a valid key=value pair (missing equal-sign, unknown or repeated key) in Authorization header.";
                    return false;
            }
        }

        return TryMake(credential, signedHeaders, signature, out authorization, out problem);
    }

    /// <summary>Puts the three parts together; says what is missing or malformed otherwise.</summary>
    public static bool TryMake(
        string? credential,
        string? signedHeaders,
        string? signature,
        [NotNullWhen(true)] out SigV4Authorization? authorization,
        [NotNullWhen(false)] out string? problem)
    {
        authorization = null;
        problem = null;
        if (string.IsNullOrEmpty(credential))
            problem = "Authorization requires 'Credential' parameter.";
        else if (string.IsNullOrEmpty(signature))
            problem = "Authorization requires 'Signature' parameter.";
        else if (string.IsNullOrEmpty(signedHeaders))
            problem = "Authorization requires 'SignedHeaders' parameter.";
        else if (!SigV4Scope.TryParse(credential, out var scope))
            problem = "Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/aws4_request.";
        else
            authorization = new SigV4Authorization(scope, signedHeaders.ToLowerInvariant().Split(';'), signature);
        return authorization is not null;
    }
}
