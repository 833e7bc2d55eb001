using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Images;

/// <summary>
/// Removes the files of deleted images, not before the last volume that is made on top of one has gone. Removes files
/// that no image explains, which a crash between a file's publication and its registration leaves.
/// </summary>
public sealed class ImageAgent(ResourceClient client, ImageStore store, SkepOptions options) : IReconciler
{
    private bool _hasSwept;

    /// <inheritdoc/>
    public string Name => "image-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [ComputeKinds.Image.GroupResource, VolumeView.Resource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == ComputeKinds.Image.GroupResource)
            return [changed.Key];
        return changed.View(ForeignJson.Default.VolumeView).Spec.ImageId is { Length: > 0 } imageId
            ? [ComputeKinds.Image.Key(changed.Key.Namespace, imageId)]
            : [];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (!_hasSwept && !options.IsSimulated)
        {
            Sweep();
            _hasSwept = true;
        }

        var view = client.View;
        if (view.Get(key)?.View(ComputeKinds.Image) is not { } image || image.Metadata.Finalizers?.Contains(Image.Finalizer) is not true)
            return null;
        if (image.Metadata.DeletionTimestamp is null)
            return null;
        if (image.Status?.State != "deregistered")
        {
            // From here on nothing new can be started from it, though its disk may still be needed below others.
            await client.ModifyAsync(ComputeKinds.Image, key, i =>
            {
                i.Status = new ImageStatus { State = "deregistered" };
                return true;
            }, ct);
        }

        if (client.View.List(VolumeView.Resource, ns: null, after: null).Any(v => v.View(ForeignJson.Default.VolumeView).Spec.ImageId == key.Name))
            return null; // the last volume's end brings us back here
        if (image.Spec.FileName is { } fileName)
            store.Remove(fileName);
        await client.ModifyAsync(ComputeKinds.Image, key, i => i.Metadata.Finalizers!.Remove(Image.Finalizer), ct);
        return null;
    }

    private void Sweep()
    {
        var view = client.View;
        var known = view.List(ComputeKinds.Image, ns: null).Select(i => i.Spec.FileName)
            // A file is published just before its image is registered.
            .Concat(view.List(ComputeKinds.ImageImport, ns: null).Select(i => i.Status?.ImageId is { } id ? $"{id}.qcow2" : null))
            .ToHashSet();
        foreach (var file in store.ListFiles().Where(f => f.StartsWith("ami-", StringComparison.Ordinal) && !known.Contains(f)))
            store.Remove(file);
    }
}
