using System.CommandLine;
using System.Reflection;

namespace Skep.Cli;

/// <summary>The daemon's verbs.</summary>
internal static class DaemonCommands
{
    /// <summary><c>skep version</c>.</summary>
    public static Command CreateVersion(CliContext context)
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ => context.Out.WriteLine($"skep {ProductVersion.Text}"));
        return command;
    }
}
