using System.CommandLine;

namespace Skep.Cli;

/// <summary><c>skep version</c>.</summary>
internal static class DaemonVersion
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var command = new Verb(
            "version",
            "Print the version.",
            "skep version");
        command.SetAction(_ => context.Out.Write($"skep {ProductVersion.Text}\n"));
        return command;
    }
}
