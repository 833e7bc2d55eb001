using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Simulation;

/// <summary>Passes everything on; what derives from it breaks one promise.</summary>
internal class PassThroughStore(IObjectStore inner) : IObjectStore
{
    protected IObjectStore Inner => inner;

    public string Name => inner.Name;

    public virtual ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct) =>
        inner.PutAsync(key, parts, condition, ct);

    public virtual ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct) => inner.GetAsync(key, offset, destination, ct);

    public ValueTask<long?> FindAsync(string key, CancellationToken ct) => inner.FindAsync(key, ct);

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken ct) => inner.ListAsync(prefix, after, ct);

    public virtual ValueTask DeleteAsync(string key, CancellationToken ct) => inner.DeleteAsync(key, ct);
}
