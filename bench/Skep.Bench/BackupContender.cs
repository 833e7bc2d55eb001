using System.Diagnostics;

namespace Skep.Bench;

/// <summary>Another backup program with a repository on the same disk.</summary>
internal sealed class BackupContender
{
    private readonly string _name;
    private readonly string _repository;
    private readonly string _target;
    private readonly Dictionary<string, string> _environment;
    private readonly Func<string, string[]> _init;
    private readonly Func<string, string, string[]> _create;
    private readonly Func<string, string[]> _restore;

    private BackupContender(ScratchDirectory scratch, string name, Func<string, string[]> init, Func<string, string, string[]> create, Func<string, string[]> restore)
    {
        (_name, _init, _create, _restore) = (name, init, create, restore);
        (_repository, _target) = (scratch.Combine(name), scratch.Combine($"{name}-restored"));
        _environment = new Dictionary<string, string>
        {
            ["RESTIC_REPOSITORY"] = _repository,
            ["RESTIC_PASSWORD"] = "benchmark",
            ["RESTIC_CACHE_DIR"] = scratch.Combine($"{name}-cache"),
            ["BORG_REPO"] = _repository,
            ["BORG_BASE_DIR"] = scratch.Combine($"{name}-base"),
            ["BORG_RELOCATED_REPO_ACCESS_IS_OK"] = "yes",
            ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes",
        };
    }

    /// <summary>Those that are installed. restic always encrypts; borg is told not to, and to cut blocks of fixed length as suits disks.</summary>
    public static IEnumerable<BackupContender> All(ScratchDirectory scratch)
    {
        BackupContender[] all =
        [
            new(scratch, "restic", _ => ["init"], (disk, _) => ["backup", "--quiet", "--force", disk], target => ["restore", "latest", "--target", target]),
            new(scratch, "borg", _ => ["init", "--encryption=none"],
                (disk, id) => ["create", "--chunker-params=fixed,524288", "--compression=zstd,1", "--files-cache=disabled", $"::{id}", disk],
                _ => ["extract", "--sparse", "::second"]),
        ];
        return all.Where(c => File.Exists($"/usr/bin/{c._name}"));
    }

    /// <summary>Backs up, changes the disk, backs up again, restores.</summary>
    public async Task MeasureAsync(string disk, string kind, Func<IReadOnlyCollection<long>> change, CancellationToken ct)
    {
        await RunAsync(_init(_repository), ct);
        await BackupAsync(disk, "first", $"{_name}, {kind}: first snapshot", ct);
        change();
        await BackupAsync(disk, "second", $"{_name}, {kind}: after 1 %, all read", ct);
        Directory.CreateDirectory(_target);
        var clock = Stopwatch.StartNew();
        await RunAsync(_restore(_target), ct);
        SnapshotFigures.Report($"{_name}, {kind}: whole restore", clock.Elapsed, new FileInfo(disk).Length, new FileInfo(disk).Length);
        Directory.Delete(_target, recursive: true);
        Directory.Delete(_repository, recursive: true);
    }

    private async Task BackupAsync(string disk, string id, string what, CancellationToken ct)
    {
        var before = SnapshotFigures.DirectoryBytes(_repository);
        var clock = Stopwatch.StartNew();
        await RunAsync(_create(disk, id), ct);
        SnapshotFigures.Report(what, clock.Elapsed, new FileInfo(disk).Length, SnapshotFigures.DirectoryBytes(_repository) - before);
    }

    private async Task RunAsync(string[] arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(_name, arguments) { WorkingDirectory = Directory.Exists(_target) ? _target : "/", RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in _environment)
            start.Environment[key] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{_name} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await error}");
    }
}
