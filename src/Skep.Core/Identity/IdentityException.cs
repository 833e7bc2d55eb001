namespace Skep.Core.Identity;

/// <summary>The files of the identity (keys, certificates, credentials) cannot be used; the message says which and what to do.</summary>
public sealed class IdentityException(string message) : Exception(message);
