namespace Skep.Core.Identity.Policies;

/// <summary>What a statement does where it applies.</summary>
public enum PolicyEffect
{
    /// <summary>It allows.</summary>
    Allow,

    /// <summary>It denies, whatever else allows.</summary>
    Deny,
}
