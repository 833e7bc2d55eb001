namespace Skep.Core.Identity.Authorization;

/// <summary>Decides what a principal may do. Every operation of every dialect asks it; thread-safe and quick.</summary>
public interface IAuthorizer
{
    /// <summary>Whether the principal may do it.</summary>
    AuthorizationDecision Authorize(Principal principal, AuthorizationRequest request);
}
