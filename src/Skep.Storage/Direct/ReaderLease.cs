using Skep.Blocks.Chunks;

namespace Skep.Storage.Direct;

/// <summary>A snapshot that is open for reading until this is disposed, once.</summary>
public sealed class ReaderLease : IAsyncDisposable
{
    private readonly OpenReader _open;

    internal ReaderLease(OpenReader open) => _open = open;

    /// <summary>The snapshot's reader; the caller does not dispose it.</summary>
    public SnapshotReader Reader => _open.Reader;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _open.ReleaseAsync();
}
