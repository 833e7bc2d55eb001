using System.Diagnostics.CodeAnalysis;

namespace Skep.Core.Identity;

/// <summary>
/// A credential with its scope, <c>AKID/20260102/us-east-1/ec2/aws4_request</c>: who signs, and for which day, region
/// and service.
/// </summary>
public sealed record SigV4Scope(string AccessKeyId, string Date, string Region, string Service)
{
    private const string Terminator = "aws4_request";

    /// <summary>The scope without the key.</summary>
    public string Text => $"{Date}/{Region}/{Service}/{Terminator}";

    /// <summary>Reads a credential; access key ids contain no slash.</summary>
    public static bool TryParse(string credential, [NotNullWhen(true)] out SigV4Scope? scope)
    {
        scope = credential.Split('/') is [{ Length: > 0 } key, { Length: 8 } date, { Length: > 0 } region, { Length: > 0 } service, Terminator]
            ? new SigV4Scope(key, date, region, service)
            : null;
        return scope is not null;
    }

    /// <summary>
    /// The scope that a request claims, from its Authorization header or its query, without checking anything. For
    /// routing; null when the request carries no signature of this kind or a malformed one.
    /// </summary>
    public static SigV4Scope? Claimed(string? authorization, string? queryCredential)
    {
        if (authorization is not null && SigV4Authorization.TryParse(authorization, out var parsed, out _))
            return parsed.Scope;
        return queryCredential is not null && TryParse(queryCredential, out var scope) ? scope : null;
    }
}
