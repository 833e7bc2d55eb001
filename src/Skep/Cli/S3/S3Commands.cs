using System.CommandLine;

namespace Skep.Cli.S3;

/// <summary><c>skep s3</c>.</summary>
internal static class S3Commands
{
    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb("s3", "Help with the S3 API.", "skep s3 test-config > s3tests.conf")
    {
        TestConfigCommand.Create(context),
    };
}
