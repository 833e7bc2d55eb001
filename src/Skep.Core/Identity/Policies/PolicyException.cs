namespace Skep.Core.Identity.Policies;

/// <summary>
/// A document is no policy. S3: MalformedPolicy 400; IAM and STS: MalformedPolicyDocument 400. The message names the element,
/// what was found and what was expected, and may be shown.
/// </summary>
public sealed class PolicyException(string message, int line, int column) : Exception($"{message} (line {line}, byte {column})")
{
    /// <summary>The line in the document, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>The byte in that line, from 1.</summary>
    public int Column { get; } = column;
}
