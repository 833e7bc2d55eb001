using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>
/// Empties a namespace that is being deleted, then lets it go. From its deletion timestamp on nothing new can be created
/// in it, so an empty namespace stays empty.
/// </summary>
public sealed class NamespaceReconciler(ResourceClient client) : IReconciler
{
    /// <summary>Holds a namespace until it is empty; Kubernetes' name for it.</summary>
    public const string Finalizer = "kubernetes";

    private readonly IReadOnlyList<Kind> _namespaced = [.. client.Kinds.All.Where(k => k.Scope is ResourceScope.Namespaced)];

    /// <inheritdoc/>
    public string Name => "namespace";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } =
        [CoreKinds.Namespace.GroupResource, .. client.Kinds.All.Where(k => k.Scope is ResourceScope.Namespaced).Select(k => k.GroupResource)];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        var key = changed.Key.Namespace.Length == 0 ? changed.Key : CoreKinds.Namespace.Key("", changed.Key.Namespace);
        return view.Get(key)?.Metadata.DeletionTimestamp is null ? [] : [key];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.Metadata.DeletionTimestamp is null)
            return null;
        await client.ModifyAsync(
            CoreKinds.Namespace,
            key,
            static n =>
            {
                if (n.Status?.Phase == "Terminating")
                    return false;
                (n.Status ??= new()).Phase = "Terminating";
                return true;
            },
            ct);
        var content = Content(client.View, key.Name).Where(r => r.Metadata.DeletionTimestamp is null).Select(r => r.Key).ToList();
        foreach (var resource in content)
            await client.DeleteAsync(resource, ct);
        // What finalizers still hold wakes this namespace again when it goes.
        if (Content(client.View, key.Name).Any())
            return null;
        await client.ModifyAsync(CoreKinds.Namespace, key, static n => n.Metadata.Finalizers?.Remove(Finalizer) is true, ct);
        return null;
    }

    private IEnumerable<Resource> Content(View view, string ns) =>
        _namespaced.SelectMany(k => view.List(k.GroupResource, ns, after: null));
}
