using Skep.Blocks.Files;

namespace Skep.Blocks.Tests.Simulation;

/// <summary>Passes everything on; what derives from it breaks one promise.</summary>
internal class PassThroughDirectory(IBlockDirectory inner) : IBlockDirectory
{
    public long FreeBytes => inner.FreeBytes;

    public virtual async ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct) => Wrap(await inner.OpenAsync(name, mode, ct));

    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => inner.ListAsync(ct);

    public ValueTask RenameAsync(string name, string newName, CancellationToken ct) => inner.RenameAsync(name, newName, ct);

    public ValueTask DeleteAsync(string name, CancellationToken ct) => inner.DeleteAsync(name, ct);

    public virtual ValueTask SyncAsync(CancellationToken ct) => inner.SyncAsync(ct);

    public virtual ValueTask<IDisposable> LockAsync(CancellationToken ct) => inner.LockAsync(ct);

    protected virtual IBlockFile Wrap(IBlockFile file) => file;
}

/// <summary>Passes everything on; what derives from it breaks one promise.</summary>
internal class PassThroughFile(IBlockFile inner) : IBlockFile
{
    protected IBlockFile Inner => inner;

    public long LengthBytes => inner.LengthBytes;

    public virtual ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct) => inner.ReadAsync(offset, destination, ct);

    public virtual ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken ct) => inner.WriteAsync(offset, source, ct);

    public virtual ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct) => inner.WriteAsync(offset, sources, ct);

    public virtual ValueTask SyncAsync(CancellationToken ct) => inner.SyncAsync(ct);

    public ValueTask SetLengthAsync(long lengthBytes, CancellationToken ct) => inner.SetLengthAsync(lengthBytes, ct);

    public ValueTask<bool> TryAllocateAsync(long lengthBytes, CancellationToken ct) => inner.TryAllocateAsync(lengthBytes, ct);

    public ValueTask PunchAsync(long offset, long length, CancellationToken ct) => inner.PunchAsync(offset, length, ct);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
