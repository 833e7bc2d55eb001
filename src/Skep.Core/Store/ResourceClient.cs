using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// The door to resources for everything above the log: applies the rules that hold for all kinds (names, uid,
/// generation, namespaces, finalizers) and the kind's own, then commits. Thread-safe.
/// </summary>
public sealed class ResourceClient(ResourceStore store, KindRegistry kinds, TimeProvider time, IIdSource ids)
{
    /// <summary>Attempts of <see cref="ModifyAsync"/> when others write the same resource.</summary>
    private const int ModifyAttemptsMax = 16;

    /// <summary>The newest durable state.</summary>
    public View View => store.View;

    /// <summary>All kinds.</summary>
    public KindRegistry Kinds => kinds;

    /// <summary>The store beneath, for watches.</summary>
    public ResourceStore Store => store;

    /// <summary>The clock that stamps resources.</summary>
    public TimeProvider Time => time;

    /// <summary>The source of names.</summary>
    public IIdSource Ids => ids;

    /// <summary>Starts collecting changes against the newest view.</summary>
    public ResourceTransaction Begin() => new(this, store.View);

    /// <summary>Creates one resource and returns it as stored.</summary>
    public async Task<T> CreateAsync<T>(Kind<T> kind, T value, CancellationToken ct)
        where T : ResourceObject
    {
        var transaction = Begin();
        var key = transaction.Create(kind, value);
        var view = await transaction.CommitAsync(ct);
        return kind.Decode(view.Get(key)!);
    }

    /// <summary>
    /// Reads, changes and writes one resource, spec, metadata and status alike, again from the start when somebody else
    /// wrote in between. <paramref name="change"/> returns false to leave it alone; it may run several times.
    /// </summary>
    /// <returns>The resource as stored, or null when it does not exist.</returns>
    public async Task<T?> ModifyAsync<T>(Kind<T> kind, ResourceKey key, Func<T, bool> change, CancellationToken ct)
        where T : ResourceObject
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = Begin();
            if (transaction.View.Get(key) is not { } current)
                return null;
            var value = kind.Decode(current);
            if (!change(value))
                return value;
            transaction.Update(kind, value, WriteScope.All);
            try
            {
                var view = await transaction.CommitAsync(ct);
                return view.Get(key) is { } stored ? kind.Decode(stored) : value;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < ModifyAttemptsMax)
            {
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.NotFound)
            {
                return null;
            }
        }
    }

    /// <summary>Asks for the removal of a resource; it goes at once when it has no finalizers. False when it does not exist.</summary>
    public async Task<bool> DeleteAsync(ResourceKey key, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = Begin();
            if (transaction.View.Get(key) is null)
                return false;
            transaction.Delete(key, DeleteOptions.Background);
            try
            {
                await transaction.CommitAsync(ct);
                return true;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < ModifyAttemptsMax)
            {
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.NotFound)
            {
                return false;
            }
        }
    }
}
