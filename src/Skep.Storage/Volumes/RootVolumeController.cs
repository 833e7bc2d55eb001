using System.Text.Json.Nodes;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Storage.Volumes;

/// <summary>
/// Gives an instance that was written without disks, as people do with kubectl, its root volume: copy-on-write from
/// the instance's image. Instances of the EC2 API are created together with theirs.
/// </summary>
internal sealed class RootVolumeController(ResourceClient client) : IReconciler
{
    private const long GiB = 1L << 30;

    /// <summary>Room for a system to work in, whatever the image's own size.</summary>
    private const long SizeGibMin = 8;

    /// <inheritdoc/>
    public string Name => "root-volume-controller";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [InstanceView.Resource, ImageView.Resource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) =>
        changed.Key.GroupResource == InstanceView.Resource
            ? [changed.Key]
            : view.List(InstanceView.Resource, ns: null, after: null).Where(i => IsWaiting(i.View(ForeignJson.Default.InstanceView))).Select(i => i.Key);

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var transaction = client.Begin();
        if (transaction.View.Get(key) is not { } resource)
            return null;
        var instance = resource.View(ForeignJson.Default.InstanceView);
        if (!IsWaiting(instance) || string.IsNullOrEmpty(instance.Spec.NodeName))
            return null; // the scheduler's choice of a node brings us back
        var kind = client.Kinds[InstanceView.Resource];
        if (FindImage(transaction.View, key.Namespace, instance.Spec.ImageId) is not { } image)
        {
            Explain(transaction, kind, resource, instance, $"image \"{instance.Spec.ImageId}\" does not exist; `kubectl get images` lists those that do");
            await transaction.CommitAsync(ct);
            return null;
        }

        var volumeId = client.Ids.NewAwsId("vol");
        transaction.Create(StorageKinds.Volume, MakeVolume(volumeId, instance, image, IsEncrypted(transaction.View, image)));
        var document = ResourceDocument.ParseObject(resource.Json.Span);
        var spec = (JsonObject)document["spec"]!;
        spec["imageId"] = image.Metadata.Name; // what a name meant is decided once
        spec["blockDevices"] = new JsonArray(new JsonObject
        {
            ["deviceName"] = instance.Spec.RootDeviceName,
            ["volumeId"] = volumeId,
            ["deleteOnTermination"] = true,
        });
        transaction.Update(kind, ResourceDocument.ToBytes(document), WriteScope.Main);
        await transaction.CommitAsync(ct);
        return null;
    }

    private static bool IsWaiting(InstanceView instance) =>
        instance.Spec.BlockDevices is null or []
        && instance.Metadata.DeletionTimestamp is null
        && instance.Spec.RunState != "Terminated"
        && instance.Status?.FirstRunningTime is null // one that ran had a root, which somebody has detached
        && instance.Status?.State is null or "pending" or "stopped";

    private static ImageView? FindImage(View view, string ns, string idOrName) =>
        view.List(ImageView.Resource, ns: null, after: null)
            .Select(i => (i.Key, Image: i.View(ForeignJson.Default.ImageView)))
            .Where(i => i.Key.Namespace == ns || i.Image.Spec.Public)
            .Where(i => i.Image.Metadata.DeletionTimestamp is null && i.Image.Status?.State == "available")
            .Where(i => i.Key.Name == idOrName || i.Image.Spec.Name == idOrName)
            .OrderBy(i => i.Key.Name == idOrName).ThenBy(i => i.Image.Metadata.CreationTimestamp)
            .Select(i => i.Image)
            .LastOrDefault();

    /// <summary>What is made of an encrypted snapshot is encrypted.</summary>
    private static bool IsEncrypted(View view, ImageView image) =>
        image.Spec.SnapshotId is { } id && view.Get(StorageKinds.Snapshot, image.Metadata.Namespace ?? "", id) is { Spec.Encrypted: true };

    private Volume MakeVolume(string volumeId, InstanceView instance, ImageView image, bool isEncrypted)
    {
        var labels = instance.Metadata.Labels is { } all && all.TryGetValue("topology.kubernetes.io/region", out var region)
            ? new Dictionary<string, string> { ["topology.kubernetes.io/region"] = region }
            : null;
        return new Volume
        {
            Metadata = { Name = volumeId, Namespace = instance.Metadata.Namespace, Labels = labels, Finalizers = [Volume.Finalizer] },
            Spec = new VolumeSpec
            {
                SizeGib = Math.Max(SizeGibMin, (image.Spec.SizeBytes + GiB - 1) / GiB),
                ImageId = image.Spec.SnapshotId is null ? image.Metadata.Name : null,
                SnapshotId = image.Spec.SnapshotId,
                Encrypted = isEncrypted,
                AvailabilityZone = instance.Spec.AvailabilityZone,
                NodeName = instance.Spec.NodeName,
                Attachment = new VolumeAttachment
                {
                    InstanceId = instance.Metadata.Name,
                    Device = instance.Spec.RootDeviceName,
                    AttachTime = client.Time.GetUtcNow(),
                    DeleteOnTermination = true,
                },
            },
            Status = new VolumeStatus(),
        };
    }

    private static void Explain(ResourceTransaction transaction, Kind kind, Resource resource, InstanceView instance, string message)
    {
        if (instance.Status?.StateReason?.Message == message)
            return;
        var document = ResourceDocument.ParseObject(resource.Json.Span);
        if (document["status"] is not JsonObject status)
            document["status"] = status = new JsonObject { ["state"] = "pending" };
        status["stateReason"] = new JsonObject { ["code"] = "Client.InvalidImageID", ["message"] = message };
        transaction.Update(kind, ResourceDocument.ToBytes(document), WriteScope.Status);
    }
}
