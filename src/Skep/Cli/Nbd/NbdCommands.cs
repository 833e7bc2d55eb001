using System.CommandLine;

namespace Skep.Cli.Nbd;

/// <summary><c>skep nbd</c>: network block devices without a daemon.</summary>
internal static class NbdCommands
{
    /// <summary>Makes the group.</summary>
    public static Command Create(CliContext context) => new("nbd", "Network block devices.")
    {
        NbdServeCommand.Create(context),
    };
}
