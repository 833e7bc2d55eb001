using System.CommandLine;

namespace Skep.Cli.S3;

/// <summary><c>skep s3</c>.</summary>
internal static class S3Commands
{
    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb("s3", "Look after S3 and help with its API.", "skep s3 quota get", "skep s3 topic list", "skep s3 test-config > s3tests.conf")
    {
        QuotaCommands.Create(context),
        TopicCommands.Create(context),
        TestConfigCommand.Create(context),
    };
}
