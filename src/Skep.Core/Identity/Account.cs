using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Core.Identity;

/// <summary>An AWS account; its resource's name is the 12-digit id.</summary>
public sealed class Account : ResourceObject
{
    public AccountSpec Spec { get; set; } = new();
}

/// <summary>What an account is.</summary>
public sealed class AccountSpec : OpenObject
{
    [Description("12 decimal digits.")]
    public string AccountId { get; set; } = "";

    [Description("The namespace that holds the account's resources.")]
    public string Namespace { get; set; } = "default";
}
