using System.CommandLine;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks</c>.</summary>
internal static class BlocksCommands
{
    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "blocks",
        "Tools for the block storage engine; none of them needs a daemon.",
        "skep blocks create disk --store file:///srv/blocks --size 10G",
        "skep blocks info disk --store file:///srv/blocks",
        "skep blocks verify disk --store file:///srv/blocks",
        "skep blocks simulate --seeds 1..1000")
    {
        CreateVolumeCommand.Create(context),
        VolumeInfoCommand.Create(context),
        GrowVolumeCommand.Create(context),
        VerifyVolumeCommand.Create(context),
        DeleteVolumeCommand.Create(context),
        ReplicaCommands.Create(context),
        SimulateCommand.Create(context),
    };
}
