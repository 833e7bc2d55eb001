using System.CommandLine;
using Skep.Blocks.Log.Replication;
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
    private readonly Option<string?> _replica = new("--replica")
    {
        Description = "Who keeps a second copy of the write-ahead log (see skep blocks replica serve): tls://HOST:PORT or unix:PATH. Flushes survive the loss of this machine, and opening gets from there what a lost one had flushed. A volume opened with it is always opened with it.",
        HelpName = "URL",
    };

    private readonly ReplicaTlsOptions _replicaTls = new("--replica");

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
        command.Add(_replica);
        _replicaTls.AddTo(command);
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
            Replica = ReadReplica(parsed),
        };
    }

    private NetworkReplica? ReadReplica(ParseResult parsed)
    {
        var tls = _replicaTls.Read(parsed);
        if (parsed.GetValue(_replica) is not { } url)
            return tls is null ? null : throw new CliException("--replica-cert needs --replica URL", ExitCode.Usage);
        var address = ReplicaAddress.TryParse(url, out var problem) ?? throw new CliException($"--replica: {problem}", ExitCode.Usage);
        if (address.IsTls != (tls is not null))
            throw new CliException(address.IsTls ? $"{url} needs --replica-cert, --replica-key and --replica-ca" : $"{url} is without TLS: certificates are for tls://HOST:PORT", ExitCode.Usage);
        return new NetworkReplica(address, tls);
    }
}
