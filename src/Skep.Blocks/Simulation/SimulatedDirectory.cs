using Skep.Blocks.Files;

namespace Skep.Blocks.Simulation;

/// <summary>The directory of a <see cref="SimulatedDisk"/> as one process sees it. A dead process's calls never complete.</summary>
internal sealed class SimulatedDirectory(SimulatedDisk disk, SimulatedProcess process) : IBlockDirectory
{
    /// <inheritdoc/>
    public long FreeBytes => disk.FreeBytes;

    /// <inheritdoc/>
    public async ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct)
    {
        BlockFileName.Check(name);
        await BeginAsync("open", name, ct);
        return new SimulatedFile(disk, process, disk.Open(name, mode), name);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        await BeginAsync("list", "", ct);
        var names = disk.Names.Order(StringComparer.Ordinal).ToList();
        // In no order, but in the same at every run.
        for (var i = names.Count - 1; i > 0; i--)
        {
            var j = disk.Random.Below(i + 1);
            (names[i], names[j]) = (names[j], names[i]);
        }
        return names;
    }

    /// <inheritdoc/>
    public async ValueTask RenameAsync(string name, string newName, CancellationToken ct)
    {
        BlockFileName.Check(name);
        BlockFileName.Check(newName);
        await BeginAsync("rename", $"{name} to {newName}", ct);
        disk.Rename(name, newName);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken ct)
    {
        BlockFileName.Check(name);
        await BeginAsync("delete", name, ct);
        disk.Delete(name);
    }

    /// <inheritdoc/>
    public async ValueTask SyncAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var count = disk.NameChangeCount;
        await disk.BeginIoAsync(process, "sync directory", "", 0, 0);
        if (disk.Random.Chance(disk.Faults.SyncErrorPerMille))
        {
            disk.LoseNames(count);
            throw disk.Error("fsync", "directory");
        }
        disk.SyncNames(count);
        await disk.EndIoAsync(process);
    }

    /// <inheritdoc/>
    public async ValueTask<IDisposable> LockAsync(CancellationToken ct)
    {
        await BeginAsync("lock", "", ct);
        return disk.Lock(process);
    }

    private ValueTask BeginAsync(string what, string name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return disk.BeginIoAsync(process, what, name, 0, 0);
    }
}
