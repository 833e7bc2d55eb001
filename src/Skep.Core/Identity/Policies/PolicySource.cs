namespace Skep.Core.Identity.Policies;

/// <summary>Where a policy comes from.</summary>
public enum PolicySource
{
    /// <summary>Attached to the principal.</summary>
    Identity,

    /// <summary>The resource's own.</summary>
    Resource,

    /// <summary>The permissions boundary.</summary>
    Boundary,

    /// <summary>Of the session.</summary>
    Session,
}
