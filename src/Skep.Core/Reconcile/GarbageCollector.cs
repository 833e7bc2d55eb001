using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>
/// Removes resources whose owners are gone, and carries out foreground and orphan deletion. Kubernetes' rules: an owner
/// is identified by its uid and lives in the dependent's namespace or in none.
/// </summary>
public sealed class GarbageCollector(ResourceClient client) : IReconciler
{
    private readonly OwnerGraph _graph = new(client);

    private enum OwnerState
    {
        /// <summary>It is there, or cannot be judged: the dependent stays.</summary>
        Solid,

        /// <summary>It is there and waits until its dependents are gone.</summary>
        Waiting,

        /// <summary>It is gone, or never was what the reference says.</summary>
        Gone,
    }

    /// <inheritdoc/>
    public string Name => "garbage-collector";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [.. client.Kinds.All.Select(k => k.GroupResource)];

    /// <inheritdoc/>
    public int Concurrency => 4;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        _graph.Refresh(changed.Key);
        var metadata = changed.Metadata;
        var keys = new List<ResourceKey>();
        if (metadata.OwnerReferences is { Count: > 0 } owners)
        {
            keys.Add(changed.Key);
            // An owner may be waiting for this one to go.
            keys.AddRange(owners.Select(o => OwnerKey(changed.Key, o)).OfType<ResourceKey>());
        }

        var current = view.Get(changed.Key);
        if (current is null || current.Metadata.Uid != metadata.Uid || metadata.DeletionTimestamp is not null)
        {
            keys.Add(changed.Key);
            if (metadata.Uid is { } uid)
                keys.AddRange(_graph.DependentsOf(uid));
        }

        return keys;
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key) is not { } resource)
            return null;
        var metadata = resource.Metadata;
        if (metadata.DeletionTimestamp is null)
            await CollectIfOwnersAreGoneAsync(resource, ct);
        else if (metadata.Finalizers?.Contains(ResourceTransaction.OrphanFinalizer) is true)
            await OrphanDependentsAsync(resource, ct);
        else if (metadata.Finalizers?.Contains(ResourceTransaction.ForegroundFinalizer) is true)
            await FinishForegroundAsync(resource, ct);
        return null;
    }

    private async Task CollectIfOwnersAreGoneAsync(Resource resource, CancellationToken ct)
    {
        if (resource.Metadata.OwnerReferences is not { Count: > 0 } references)
            return;
        var states = references.ToLookup(r => StateOf(resource.Key, r));
        if (states[OwnerState.Solid].Any())
        {
            // It stays for the owners it still has; what points nowhere is taken away.
            var stale = states[OwnerState.Gone].Concat(states[OwnerState.Waiting]).Select(r => r.Uid).ToHashSet(StringComparer.Ordinal);
            await RemoveReferencesAsync(resource, stale, ct);
            return;
        }

        var isAwaited = states[OwnerState.Waiting].Any();
        var hasDependents = resource.Metadata.Uid is { } uid && _graph.DependentsOf(uid).Count > 0;
        try
        {
            var transaction = client.Begin();
            // The uid and the revision make sure that what is deleted is what was judged.
            transaction.Delete(resource.Key, new DeleteOptions(
                isAwaited && hasDependents ? DeletePropagation.Foreground : DeletePropagation.Background,
                resource.Metadata.Uid,
                resource.Revision,
                GracePeriodSeconds: null));
            await transaction.CommitAsync(ct);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.NotFound)
        {
            // Somebody else removed it first, which is all that was wanted.
        }
    }

    private async Task OrphanDependentsAsync(Resource owner, CancellationToken ct)
    {
        var uids = new HashSet<string>(StringComparer.Ordinal) { owner.Metadata.Uid! };
        foreach (var key in _graph.DependentsOf(owner.Metadata.Uid!))
        {
            if (client.View.Get(key) is { } dependent)
                await RemoveReferencesAsync(dependent, uids, ct);
        }

        await RemoveFinalizerAsync(owner, ResourceTransaction.OrphanFinalizer, ct);
    }

    private async Task FinishForegroundAsync(Resource owner, CancellationToken ct)
    {
        var isBlocked = false;
        foreach (var key in _graph.DependentsOf(owner.Metadata.Uid!))
        {
            if (client.View.Get(key) is not { } dependent)
                continue;
            if (dependent.Metadata.DeletionTimestamp is null)
                await CollectIfOwnersAreGoneAsync(dependent, ct);
            isBlocked |= client.View.Get(key)?.Metadata.OwnerReferences?.Exists(r => r.Uid == owner.Metadata.Uid && r.BlockOwnerDeletion is true) is true;
        }

        if (!isBlocked)
            await RemoveFinalizerAsync(owner, ResourceTransaction.ForegroundFinalizer, ct);
    }

    private OwnerState StateOf(ResourceKey dependent, OwnerReference reference)
    {
        if (!client.Kinds.TryGet(reference.ApiVersion, reference.Kind, out var kind))
            return OwnerState.Solid; // a kind that this program does not know may well exist for another
        if (OwnerKey(dependent, reference) is not { } key)
            return OwnerState.Solid; // a cluster-scoped dependent of a namespaced owner: invalid, and nobody can tell which is meant
        if (client.View.Get(key) is not { } owner || owner.Metadata.Uid != reference.Uid)
            return OwnerState.Gone;
        var isWaiting = owner.Metadata.DeletionTimestamp is not null && owner.Metadata.Finalizers?.Contains(ResourceTransaction.ForegroundFinalizer) is true;
        return isWaiting ? OwnerState.Waiting : OwnerState.Solid;
    }

    /// <summary>Where the owner must be; null when the kind is unknown or could not own the dependent.</summary>
    private ResourceKey? OwnerKey(ResourceKey dependent, OwnerReference reference)
    {
        if (!client.Kinds.TryGet(reference.ApiVersion, reference.Kind, out var kind))
            return null;
        if (kind.Scope is ResourceScope.Namespaced && dependent.Namespace.Length == 0)
            return null;
        return kind.Key(dependent.Namespace, reference.Name);
    }

    private Task RemoveReferencesAsync(Resource resource, HashSet<string> uids, CancellationToken ct) =>
        ChangeMetadataAsync(
            resource,
            metadata =>
            {
                if (metadata.OwnerReferences?.RemoveAll(r => uids.Contains(r.Uid)) is null or 0)
                    return false;
                if (metadata.OwnerReferences.Count == 0)
                    metadata.OwnerReferences = null;
                return true;
            },
            ct);

    private Task RemoveFinalizerAsync(Resource resource, string finalizer, CancellationToken ct) =>
        ChangeMetadataAsync(
            resource,
            metadata =>
            {
                if (metadata.Finalizers?.Remove(finalizer) is not true)
                    return false;
                if (metadata.Finalizers.Count == 0)
                    metadata.Finalizers = null;
                return true;
            },
            ct);

    /// <summary>Writes a resource with other metadata, without knowing its kind's type. A conflict makes the host try again.</summary>
    private async Task ChangeMetadataAsync(Resource resource, Func<ObjectMeta, bool> change, CancellationToken ct)
    {
        var document = ResourceDocument.ParseObject(resource.Json.Span);
        var metadata = ResourceDocument.ReadMetadata(resource.Json.Span);
        if (!change(metadata))
            return;
        document["metadata"] = System.Text.Json.JsonSerializer.SerializeToNode(metadata, CoreJson.Default.ObjectMeta);
        var transaction = client.Begin();
        transaction.Update(client.Kinds[resource.Key.GroupResource], ResourceDocument.ToBytes(document), WriteScope.All);
        await transaction.CommitAsync(ct);
    }
}
