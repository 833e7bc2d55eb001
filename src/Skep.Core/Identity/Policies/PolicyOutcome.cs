namespace Skep.Core.Identity.Policies;

/// <summary>What policies say.</summary>
public enum PolicyOutcome
{
    /// <summary>Nothing allows it. Other means, such as S3's access control lists, still may.</summary>
    ImplicitDeny,

    /// <summary>It is allowed.</summary>
    Allow,

    /// <summary>A statement denies it, and nothing may allow it any more.</summary>
    ExplicitDeny,
}
