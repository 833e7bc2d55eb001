namespace Skep.Blocks.Nbd;

/// <summary>A device under a name, opened for one connection.</summary>
public sealed class NbdExport(string name, IBlockDevice device, Func<ValueTask>? release = null) : IAsyncDisposable
{
    /// <summary>The canonical name.</summary>
    public string Name { get; } = name;

    /// <summary>What is read and written; the export does not own it.</summary>
    public IBlockDevice Device { get; } = device;

    /// <summary>A line for people, which <c>nbdinfo</c> shows; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Nobody writes through this export, whatever the device could.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>The connection is over: tells the directory that opened it.</summary>
    public ValueTask DisposeAsync() => release?.Invoke() ?? ValueTask.CompletedTask;
}
