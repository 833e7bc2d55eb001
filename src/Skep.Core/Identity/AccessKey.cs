using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Core.Identity;

/// <summary>An AWS access key; cluster-scoped and named by the lower-cased access key id, because a request names only the key.</summary>
public sealed class AccessKey : ResourceObject
{
    public AccessKeySpec Spec { get; set; } = new();
}

/// <summary>The key pair and whose it is.</summary>
public sealed class AccessKeySpec : OpenObject
{
    [Description("20 characters, AKIA… or, for sessions, ASIA….")]
    public string AccessKeyId { get; set; } = "";

    [Description("40 characters. Needed in clear to check signatures, so the document is encrypted at rest.")]
    public string SecretAccessKey { get; set; } = "";

    [Description("The namespace of the user's account.")]
    public string Namespace { get; set; } = "default";

    [Description("The user in that namespace.")]
    public string UserName { get; set; } = "";

    [Description("Active or Inactive.")]
    public string State { get; set; } = "Active";

    [Description("For session credentials: SHA-256, in hex, of the session token that must come with the key.")]
    public string? SessionTokenSha256 { get; set; }

    [Description("For session credentials: when they end.")]
    public DateTimeOffset? Expires { get; set; }
}
