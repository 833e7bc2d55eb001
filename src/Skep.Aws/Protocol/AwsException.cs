namespace Skep.Aws.Protocol;

/// <summary>A failure in the words of an AWS service: a code, an HTTP status and a sentence.</summary>
internal sealed class AwsException(string code, int status, string message) : Exception(message)
{
    /// <summary>For example InvalidInstanceID.NotFound.</summary>
    public string Code { get; } = code;

    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What some services of the REST protocols say beside the code, for example INVALID_BLOCK_TOKEN.</summary>
    public string? Reason { get; init; }
}
