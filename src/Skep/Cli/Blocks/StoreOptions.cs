using System.CommandLine;
using Skep.Storage.Keys;
using Skep.Storage.LogVolumes;
using Skep.Storage.Stores;

namespace Skep.Cli.Blocks;

/// <summary>The options that say where log-structured volumes are: <c>--store</c>, <c>--directory</c>, <c>--keys</c> and sizes.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> _store = new("--store")
    {
        Description = "The object store: file:///DIRECTORY, or s3://BUCKET/PREFIX?endpoint=https://HOST&credentials=FILE.",
        HelpName = "URL",
    };

    private readonly Option<string?> _keys = new("--keys") { Description = $"The key ring of encrypted volumes (a daemon's is {KeyRingFile.FileName} in its data directory).", HelpName = "FILE" };
    private readonly Option<string?> _directory = new("--directory") { Description = "Where the write-ahead log and the read cache go: a directory for this volume alone.", HelpName = "DIR" };
    private readonly Option<long?> _logBytes = ByteSizes.Option("--log-size", "The most that the write-ahead log takes (default: 1G).");
    private readonly Option<long?> _cacheBytes = ByteSizes.Option("--cache-size", "The most that the read cache takes (default: 1G).");
    private readonly Option<TimeSpan?> _storeTimeout = Durations.Optional("--store-timeout", "How long a request waits for a store that does not answer before it fails with EIO; without it, for as long as it takes.");

    /// <summary>Adds those that find a volume.</summary>
    public void AddTo(Command command)
    {
        command.Add(_store);
        command.Add(_keys);
    }

    /// <summary>Adds those that open it for writing too.</summary>
    public void AddAllTo(Command command)
    {
        AddTo(command);
        command.Add(_directory);
        command.Add(_logBytes);
        command.Add(_cacheBytes);
        command.Add(_storeTimeout);
    }

    /// <summary>The place of a volume.</summary>
    /// <exception cref="CliException">What is needed was not given, or is no URL.</exception>
    public LogVolumePlace Read(ParseResult parsed, string name, bool isOpened)
    {
        var store = parsed.GetValue(_store) ?? throw new CliException($"where is volume {name}? Say so with --store URL", ExitCode.Usage);
        if (ObjectStores.Check(store) is { } problem)
            throw new CliException($"--store: {problem}", ExitCode.Usage);
        var directory = isOpened
            ? parsed.GetValue(_directory) ?? throw new CliException($"volume {name} needs a place for its write-ahead log: --directory DIR", ExitCode.Usage)
            : "";
        var place = new LogVolumePlace
        {
            StoreUrl = store,
            Name = name,
            Directory = isOpened ? Path.GetFullPath(directory) : "",
            KeyRingPath = parsed.GetValue(_keys),
        };
        return !isOpened ? place : place with
        {
            LogBytes = parsed.GetValue(_logBytes) ?? place.LogBytes,
            CacheBytes = parsed.GetValue(_cacheBytes) ?? place.CacheBytes,
            StoreTimeout = parsed.GetValue(_storeTimeout),
        };
    }
}
