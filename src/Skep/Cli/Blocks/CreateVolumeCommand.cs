using System.CommandLine;
using Skep.Blocks.Log;
using Skep.Storage.Keys;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks create</c>: makes a log-structured volume in an object store.</summary>
internal static class CreateVolumeCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The volume's name in the store." };
        var size = ByteSizes.Option("--size", "The volume's size, for example 10G.");
        size.Required = true;
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt it with a key of its own, wrapped by the current key of --keys; a ring that does not exist is made." };
        var compress = new Option<bool>("--compress") { Description = "Compress what is stored with zstd where that saves something." };
        var store = new StoreOptions();
        var verb = new Verb(
            "create",
            "Make a log-structured volume in an object store.",
            "skep blocks create disk --store file:///srv/blocks --size 10G",
            "skep blocks create disk --store 's3://volumes?endpoint=https://s3.example.org&credentials=/root/s3.ini' --size 1T --compress",
            "skep blocks create disk --store file:///srv/blocks --size 10G --encrypt --keys /root/volume-keys.json") { name, size, encrypt, compress };
        store.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var place = store.Read(parsed, parsed.GetValue(name)!, isOpened: false);
            if (parsed.GetValue(encrypt))
                _ = KeyRingFile.ReadOrCreate(Path.GetFullPath(place.KeyRingPath ?? throw new CliException("--encrypt needs --keys FILE", ExitCode.Usage)), context.Time);
            var format = new LogVolumeFormat
            {
                SizeBytes = parsed.GetValue(size)!.Value,
                IsEncrypted = parsed.GetValue(encrypt),
                Compression = parsed.GetValue(compress) ? LogCompression.Zstd : LogCompression.None,
            };
            await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, onEvent: null).CreateAsync(place, format, ct));
            await context.Out.WriteLineAsync($"volume {place.Name} of {ByteSizes.Render(format.SizeBytes)} is in {place.StoreUrl}");
            return ExitCode.Success;
        });
        return verb;
    }
}
