namespace Skep.Core.Identity;

/// <summary>Why a signature was refused; each service has its own error code for these.</summary>
public enum SigV4Failure
{
    /// <summary>The request is not signed.</summary>
    Missing,

    /// <summary>The signature's parts are missing or malformed.</summary>
    Incomplete,

    /// <summary>The access key is unknown or inactive.</summary>
    UnknownKey,

    /// <summary>The signature is not the one calculated here.</summary>
    Mismatch,

    /// <summary>The request's time is too far from now, or a presigned request is past its end.</summary>
    RequestExpired,

    /// <summary>The session's credentials have ended.</summary>
    SessionExpired,

    /// <summary>The session token is missing, wrong or not signed.</summary>
    InvalidToken,
}

/// <summary>A signature was refused.</summary>
public sealed class SigV4Exception(SigV4Failure failure, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public SigV4Failure Failure { get; } = failure;
}
