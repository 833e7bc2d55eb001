using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Skep.Core.Identity.Policies;

/// <summary>
/// What policies are asked: who wants to do what, on which resource, in which circumstances. The keys that follow from the
/// principal and the time (aws:username, aws:userid, aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
/// aws:PrincipalTag/…, aws:CurrentTime, aws:EpochTime) are there of themselves; all others come from the dialect.
/// </summary>
public sealed class PolicyRequest
{
    private const string TagPrefix = "aws:principaltag/";

    private readonly Dictionary<string, StringValues> _keys = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Who.</summary>
    public required PolicyPrincipal Principal { get; init; }

    /// <summary>What: "s3:GetObject".</summary>
    public required string Action { get; init; }

    /// <summary>On what: an ARN.</summary>
    public required string Resource { get; init; }

    /// <summary>The 12-digit account that the resource belongs to.</summary>
    public required string ResourceAccount { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>
    /// Finds keys that are dear to get, such as s3:ExistingObjectTag/…, and is called only for those that a policy names and
    /// that were not added: gets a lower-case name, gives no values for a key that the request does not have.
    /// </summary>
    public Func<string, StringValues>? FindMore { get; init; }

    /// <summary>Adds a condition key; replaces an earlier one of the same name. An empty list is a key without values.</summary>
    /// <param name="name">The name, in any case: "aws:SourceIp".</param>
    /// <param name="values">Its values.</param>
    public PolicyRequest With(string name, StringValues values)
    {
        _keys[name] = values;
        return this;
    }

    /// <summary>The values of a key; none when the request does not have it.</summary>
    internal StringValues Find(string key)
    {
        if (_keys.TryGetValue(key, out var values))
            return values;
        var own = key switch
        {
            "aws:username" => Principal.UserName,
            "aws:userid" => Principal.UserId,
            "aws:principalarn" => Principal.Kind is PolicyPrincipalKind.Anonymous or PolicyPrincipalKind.Service ? null : Principal.RoleArn ?? Principal.Arn,
            "aws:principalaccount" => Principal.AccountId is { Length: > 0 } account ? account : null,
            "aws:principaltype" => TypeOf(Principal.Kind),
            "aws:currenttime" => Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            "aws:epochtime" => Time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            _ when key.StartsWith(TagPrefix, StringComparison.Ordinal) => Tag(key.AsSpan(TagPrefix.Length)),
            _ => null,
        };
        return own ?? FindMore?.Invoke(key) ?? default;
    }

    private string? Tag(ReadOnlySpan<char> name)
    {
        foreach (var (key, value) in Principal.Tags)
        {
            if (name.Equals(key, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    private static string TypeOf(PolicyPrincipalKind kind) => kind switch
    {
        PolicyPrincipalKind.Root => "Account",
        PolicyPrincipalKind.User => "User",
        PolicyPrincipalKind.AssumedRole => "AssumedRole",
        PolicyPrincipalKind.Federated => "FederatedUser",
        PolicyPrincipalKind.Service => "Service",
        _ => "Anonymous",
    };
}
