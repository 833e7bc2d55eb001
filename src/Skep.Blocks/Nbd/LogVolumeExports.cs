using Skep.Blocks.Log;

namespace Skep.Blocks.Nbd;

/// <summary>
/// The snapshots of log-structured volumes as exports of their own, beside those that a server has anyway: NAME@SNAPSHOT,
/// for reading. Each has, for every older snapshot, a metadata context <c>qemu:dirty-bitmap:OLDER</c> that tells what has
/// changed since that one.
/// </summary>
/// <param name="exports">The other exports.</param>
/// <param name="volumes">The volumes, by the names of their exports; they belong to the caller.</param>
public sealed class LogVolumeExports(INbdExports exports, IReadOnlyDictionary<string, LogVolume> volumes) : INbdExports
{
    /// <summary>Between a volume's name and a snapshot's.</summary>
    public const char Separator = '@';

    /// <summary>The name of a snapshot's export.</summary>
    public static string NameOf(string volume, string snapshotId) => $"{volume}{Separator}{snapshotId}";

    /// <summary>The metadata context of a snapshot's export that is not 0 for what has changed since an older snapshot.</summary>
    public static string ChangesSince(string olderSnapshotId) => $"qemu:dirty-bitmap:{olderSnapshotId}";

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<NbdExportName>> ListAsync(CancellationToken ct) =>
    [
        .. await exports.ListAsync(ct),
        .. volumes.SelectMany(v => v.Value.Snapshots.Select(s => new NbdExportName(NameOf(v.Key, s.Id), Describe(s)))),
    ];

    /// <inheritdoc/>
    public async ValueTask<NbdExport?> OpenAsync(string name, CancellationToken ct)
    {
        if (await exports.OpenAsync(name, ct) is { } export)
            return export;
        var at = name.LastIndexOf(Separator);
        if (at < 0 || !volumes.TryGetValue(name[..at], out var volume) || volume.Snapshots.FirstOrDefault(s => s.Id == name[(at + 1)..]) is not { } snapshot)
            return null;
        var device = new LogSnapshotChanges(volume, snapshot, await volume.OpenSnapshotAsync(snapshot.Id, ct));
        return new NbdExport(name, device, device.DisposeAsync) { IsReadOnly = true, Description = Describe(snapshot) };
    }

    private static string Describe(LogSnapshot snapshot) => $"snapshot of {snapshot.CreatedAt:u}";
}
