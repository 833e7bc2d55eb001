using System.CommandLine;
using Skep.Storage.Keys;

namespace Skep.Cli.Keys;

/// <summary><c>skep keys</c>: the key ring of a data directory, which wraps the keys of encrypted volumes, snapshots and objects.</summary>
internal static class KeysCommands
{
    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb("keys", "The key ring that wraps the keys of encrypted volumes, snapshots and objects.", "skep keys rotate") { CreateRotate(context) };

    private static Verb CreateRotate(CliContext context)
    {
        var verb = new Verb(
            "rotate",
            "Add a key to the ring and wrap new data keys with it. What older keys wrapped can be read still. A running daemon takes it up at once.",
            "skep keys rotate");
        verb.SetAction((parsed, _) =>
        {
            var path = Path.Combine(context.DataDirectory(parsed), KeyRingFile.FileName);
            KeyRingFile.ReadOrCreate(path, context.Time);
            context.Out.Write($"{KeyRingFile.AddKey(path, context.Time)}\n");
            return Task.FromResult(ExitCode.Success);
        });
        return verb;
    }
}
