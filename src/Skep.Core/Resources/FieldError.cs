namespace Skep.Core.Resources;

/// <summary>Why a field was refused; the names are Kubernetes' CauseTypes without the prefix FieldValue.</summary>
public enum FieldErrorReason
{
    /// <summary>The value breaks a rule.</summary>
    Invalid,

    /// <summary>The value is missing.</summary>
    Required,

    /// <summary>The value is not one of those allowed.</summary>
    NotSupported,

    /// <summary>The value occurs twice.</summary>
    Duplicate,

    /// <summary>The field must not be set or changed here.</summary>
    Forbidden,
}

/// <summary>One problem of a document: the path of the field ("spec.instanceType"), why, and a sentence.</summary>
public sealed record FieldError(string Field, FieldErrorReason Reason, string Message);
