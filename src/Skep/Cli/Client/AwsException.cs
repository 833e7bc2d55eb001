namespace Skep.Cli.Client;

/// <summary>An error answer of an AWS protocol; <paramref name="code"/> is AWS's error code.</summary>
internal sealed class AwsException(string code, string message, int exitCode) : CliException(message, exitCode)
{
    /// <summary>For example InsufficientInstanceCapacity.</summary>
    public string AwsCode { get; } = code;
}
