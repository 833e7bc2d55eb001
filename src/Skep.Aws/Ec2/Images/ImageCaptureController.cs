using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Images;

/// <summary>
/// Makes images of instances, step by step: stop, snapshots, start, available. Each step is one transaction that also
/// says how far the capture is, so it may be repeated, and go on in another process.
/// </summary>
internal sealed class ImageCaptureController(ResourceClient resources) : IReconciler
{
    /// <inheritdoc/>
    public string Name => "image-capture-controller";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } =
        [AwsKinds.ImageCapture.GroupResource, ComputeKinds.Image.GroupResource, ComputeKinds.Instance.GroupResource, StorageKinds.Snapshot.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == AwsKinds.ImageCapture.GroupResource)
            return [changed.Key];
        return view.List(AwsKinds.ImageCapture, changed.Key.Namespace)
            .Where(c => c.Metadata.Name == changed.Key.Name || c.Spec.InstanceId == changed.Key.Name || c.Spec.Disks.Exists(d => d.SnapshotId == changed.Key.Name))
            .Select(c => AwsKinds.ImageCapture.Key(changed.Key.Namespace, c.Metadata.Name));
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var transaction = resources.Begin();
        if (transaction.View.Get(key) is not { } resource)
            return null;
        var capture = AwsKinds.ImageCapture.Decode(resource);
        Step(transaction, key, capture);
        await transaction.CommitAsync(ct);
        return null;
    }

    private void Step(ResourceTransaction transaction, ResourceKey key, ImageCapture capture)
    {
        var view = transaction.View;
        var image = view.Get(ComputeKinds.Image.Key(key.Namespace, key.Name)) is { } found ? ComputeKinds.Image.Decode(found) : null;
        if (image?.Metadata.DeletionTimestamp is not null)
            image = null;
        var instance = view.Get(ComputeKinds.Instance.Key(key.Namespace, capture.Spec.InstanceId)) is { } machine ? ComputeKinds.Instance.Decode(machine) : null;
        switch (capture.Status?.Phase)
        {
            case null when image is not null:
                Stop(transaction, key, capture, image, instance);
                break;
            case ImageCapturePhase.Stopping when image is not null:
                TakeOnceStopped(transaction, key, capture, image, instance);
                break;
            case ImageCapturePhase.Capturing when image is not null:
                GoOnOnceCaptured(transaction, key, capture, instance);
                break;
            case ImageCapturePhase.Captured when image is not null:
                FinishOnceStored(transaction, key, capture, image);
                break;
            default:
                // The image was deregistered meanwhile. Snapshots that exist stay, as they do when an image goes later.
                Start(transaction, capture, instance);
                transaction.Delete(key, DeleteOptions.Background);
                break;
        }
    }

    private static void Stop(ResourceTransaction transaction, ResourceKey key, ImageCapture capture, ImageResource image, InstanceResource? instance)
    {
        if (instance is null || instance.Spec.RunState == InstanceRunState.Terminated)
        {
            Fail(transaction, key, image, $"instance {capture.Spec.InstanceId} was terminated before it was captured");
            return;
        }

        instance.Spec.RunState = InstanceRunState.Stopped;
        transaction.Update(ComputeKinds.Instance, instance, WriteScope.Main);
        SetPhase(transaction, capture, ImageCapturePhase.Stopping);
    }

    private void TakeOnceStopped(ResourceTransaction transaction, ResourceKey key, ImageCapture capture, ImageResource image, InstanceResource? instance)
    {
        if (instance?.Spec.RunState != InstanceRunState.Stopped)
        {
            Fail(transaction, key, image, $"instance {capture.Spec.InstanceId} was {(instance is null || instance.Spec.RunState == InstanceRunState.Terminated ? "terminated" : "started again")} before it was captured");
            return;
        }

        if (instance.Status?.State != Compute.Kinds.InstanceState.Stopped)
            return;
        var ids = capture.Spec.Disks.Select(d => d.SnapshotId).ToList();
        foreach (var disk in capture.Spec.Disks)
        {
            var metadata = new ObjectMeta { Name = disk.SnapshotId, Namespace = key.Namespace, Labels = image.Metadata.Labels };
            transaction.Create(StorageKinds.Snapshot, SnapshotRequests.Make(metadata, new SnapshotSpec
            {
                Source = SnapshotSource.Volume,
                VolumeId = disk.VolumeId,
                VolumeSizeGib = disk.SizeGib,
                Encrypted = disk.Encrypted,
                KmsKeyId = disk.KmsKeyId,
                NodeName = disk.NodeName,
                Description = $"Created by CreateImage({capture.Spec.InstanceId}) for {key.Name}",
                OwnerAccount = capture.Spec.OwnerAccount,
                Tags = capture.Spec.SnapshotTags,
                TakenWith = ids.Count > 1 ? [.. ids.Where(id => id != disk.SnapshotId)] : null,
            }, resources.Time.GetUtcNow()));
        }

        SetPhase(transaction, capture, ImageCapturePhase.Capturing);
    }

    private static void GoOnOnceCaptured(ResourceTransaction transaction, ResourceKey key, ImageCapture capture, InstanceResource? instance)
    {
        var isCaptured = SnapshotsOf(transaction.View, key, capture)
            .All(s => s is null || s.Status?.CapturedTime is not null || s.Status?.State is SnapshotState.Completed or SnapshotState.Error);
        if (!isCaptured)
            return;
        Start(transaction, capture, instance);
        SetPhase(transaction, capture, ImageCapturePhase.Captured);
    }

    private static void FinishOnceStored(ResourceTransaction transaction, ResourceKey key, ImageCapture capture, ImageResource image)
    {
        var snapshots = SnapshotsOf(transaction.View, key, capture).ToList();
        if (snapshots.FindIndex(s => s is null || s.Status?.State == SnapshotState.Error) is >= 0 and var failed)
        {
            Fail(transaction, key, image, $"snapshot {capture.Spec.Disks[failed].SnapshotId} {(snapshots[failed] is { } s ? $"failed: {s.Status?.Message}" : "was deleted")}");
            return;
        }

        if (!snapshots.TrueForAll(s => s!.Status?.State == SnapshotState.Completed))
            return;
        image.Status = new ImageStatus { State = "available" };
        transaction.Update(ComputeKinds.Image, image, WriteScope.Status);
        transaction.Delete(key, DeleteOptions.Background);
    }

    /// <summary>Starts a machine that was stopped for the capture, unless somebody wants it otherwise by now.</summary>
    private static void Start(ResourceTransaction transaction, ImageCapture capture, InstanceResource? instance)
    {
        if (!capture.Spec.Reboot || capture.Status is null || capture.Status.Phase == ImageCapturePhase.Captured || instance?.Spec.RunState != InstanceRunState.Stopped)
            return;
        instance.Spec.RunState = InstanceRunState.Running;
        transaction.Update(ComputeKinds.Instance, instance, WriteScope.Main);
    }

    private static void Fail(ResourceTransaction transaction, ResourceKey key, ImageResource image, string message)
    {
        image.Status = new ImageStatus { State = "failed", StateReason = new StateReason { Code = "Client.SnapshotFailed", Message = message } };
        transaction.Update(ComputeKinds.Image, image, WriteScope.Status);
        transaction.Delete(key, DeleteOptions.Background);
    }

    private static void SetPhase(ResourceTransaction transaction, ImageCapture capture, string phase)
    {
        capture.Status = new ImageCaptureStatus { Phase = phase };
        transaction.Update(AwsKinds.ImageCapture, capture, WriteScope.Status);
    }

    private static IEnumerable<SnapshotResource?> SnapshotsOf(View view, ResourceKey key, ImageCapture capture) =>
        capture.Spec.Disks.Select(d => view.Get(StorageKinds.Snapshot, key.Namespace, d.SnapshotId) is { Metadata.DeletionTimestamp: null } snapshot ? snapshot : null);
}
