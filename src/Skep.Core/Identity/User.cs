using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Core.Identity;

/// <summary>A person or program with credentials, in the namespace of its account.</summary>
public sealed class User : ResourceObject
{
    public UserSpec Spec { get; set; } = new();
}

/// <summary>What a user is.</summary>
public sealed class UserSpec : OpenObject
{
    [Description("AIDA and 17 upper-case letters and digits, as IAM makes them.")]
    public string UserId { get; set; } = "";

    [Description("arn:aws:iam::ACCOUNT:user/NAME")]
    public string Arn { get; set; } = "";

    [Description("Groups for the resource API; system:masters may do everything.")]
    public List<string>? Groups { get; set; }
}
