using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Core.Identity;

/// <summary>A bearer token of a user; cluster-scoped and named by the start of the token's hash.</summary>
public sealed class Token : ResourceObject
{
    public TokenSpec Spec { get; set; } = new();
}

/// <summary>The hash of the token and whose it is.</summary>
public sealed class TokenSpec : OpenObject
{
    [Description("SHA-256, in hex, of the token. Tokens have 256 random bits, so a slow hash adds nothing.")]
    public string TokenSha256 { get; set; } = "";
    [Description("The namespace of the user's account.")]
    public string Namespace { get; set; } = "default";
    public string UserName { get; set; } = "";
    public DateTimeOffset? Expires { get; set; }
}
