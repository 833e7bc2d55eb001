namespace Skep.S3.Errors;

/// <summary>A failure that the client is told. Made by <see cref="S3Errors"/> alone.</summary>
internal sealed class S3Exception(string code, int status, string message) : Exception(message)
{
    /// <summary>S3's error code.</summary>
    public string Code => code;

    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>Elements beside code and message: the bucket's name, the argument's value.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Details { get; init; } = [];

    /// <summary>Headers that belong to the failure.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
