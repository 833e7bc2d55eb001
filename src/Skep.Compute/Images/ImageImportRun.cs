using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Images;

/// <summary>One run of one import, from its start to the outcome in its status.</summary>
internal sealed class ImageImportRun(ResourceClient client, ImageImporter importer, ImageStore store, SkepOptions options, ResourceKey key, string uid)
{
    /// <summary>Progress is written at most so often: every write is a durable transaction.</summary>
    private static readonly TimeSpan _reportPause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private ImageBuildProgress _latest = new("starting", 0);

    public async Task RunAsync(CancellationToken ct)
    {
        var wantedId = client.View.Get(key)?.View(ComputeKinds.ImageImport).Spec.ImageId;
        var import = await ModifyAsync(
            s =>
            {
                s.Phase = ImageImportPhase.Running;
                s.StartTime ??= client.Time.GetUtcNow();
                // Chosen once, so that a run after a crash writes the same file.
                s.ImageId ??= wantedId ?? client.Ids.NewAwsId("ami");
            }, ct);
        if (import is null)
            return;
        try
        {
            var built = options.IsSimulated ? null : await MakeAsync(import, ct);
            await FinishAsync(import, built, ct);
        }
        catch (Exception ex) when (ex is ImageBuildException or IOException or UnauthorizedAccessException)
        {
            var message = DiskFile.IsDiskFull(ex) ? $"the disk of {store.Folder} is full: free some space and try again" : ex.Message;
            await FailAsync(import, message, ct);
        }
        finally
        {
            // A download that is interrupted by the daemon's end stays, to be gone on with.
            if (!ct.IsCancellationRequested || client.View.Get(key)?.Metadata.Uid != uid)
                store.RemoveStaging(uid);
        }
    }

    private async Task<BuiltImage> MakeAsync(ImageImport import, CancellationToken ct)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var reports = ReportAsync(done.Token);
        try
        {
            return await importer.MakeAsync(import, uid, new Progress(this), ct);
        }
        finally
        {
            await done.CancelAsync();
            await reports;
        }
    }

    private async Task ReportAsync(CancellationToken ct)
    {
        ImageBuildProgress? written = null;
        using var timer = new PeriodicTimer(_reportPause, client.Time);
        try
        {
            do
            {
                ImageBuildProgress latest;
                lock (_lock)
                    latest = _latest;
                if (latest == written)
                    continue;
                written = latest;
                await ModifyAsync(
                    s =>
                    {
                        s.Message = latest.Message;
                        s.Progress = (int)(Math.Clamp(latest.Fraction, 0, 1) * 100);
                    }, ct);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private async Task FinishAsync(ImageImport import, BuiltImage? built, CancellationToken ct)
    {
        var id = import.Status!.ImageId!;
        var fileName = $"{id}.qcow2";
        var spec = new ImageSpec
        {
            Name = import.Spec.Name ?? import.Spec.Source.Build ?? import.Spec.Source.Catalog!,
            Description = import.Spec.Description ?? built?.Description,
            Architecture = import.Spec.Architecture ?? built?.Architecture ?? GuestArchitecture.HostEc2Name,
            BootMode = import.Spec.BootMode ?? built?.BootMode ?? "uefi-preferred",
            DefaultUser = import.Spec.DefaultUser ?? built?.DefaultUser,
            IsSimulated = built is null,
            SizeBytes = SimulatedImages.SizeBytes,
        };
        if (built is not null)
        {
            await using (var file = new FileStream(built.Path, FileMode.Open, FileAccess.Read))
                spec.SizeBytes = (await DiskImageProbe.ReadAsync(file, fileName, ct)).VirtualSizeBytes;
            spec.Sha256 = await store.PublishAsync(built.Path, fileName, ct);
            spec.FileName = fileName;
        }

        try
        {
            await RegisterAsync(import, id, spec, ct);
        }
        catch (Exception)
        {
            if (client.View.Get(ComputeKinds.Image.Key(key.Namespace, id)) is not { } image || image.View(ComputeKinds.Image).Spec.FileName is null)
                store.Remove(fileName);
            throw;
        }
    }

    /// <summary>Makes or fills the Image and ends the import, in one transaction.</summary>
    private async Task RegisterAsync(ImageImport import, string id, ImageSpec spec, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = client.Begin();
            if (transaction.View.Get(key) is not { } current || current.Metadata.Uid != uid)
                throw new ImageBuildException("the import was deleted");
            var imageKey = ComputeKinds.Image.Key(key.Namespace, id);
            if (transaction.View.Get(imageKey) is { } existing)
            {
                var image = ComputeKinds.Image.Decode(existing);
                Fill(image.Spec, spec);
                image.Status = new ImageStatus { State = "available" };
                image.Metadata.Finalizers = [.. (image.Metadata.Finalizers ?? []).Where(f => f != Image.Finalizer), Image.Finalizer];
                transaction.Update(ComputeKinds.Image, image, WriteScope.All);
            }
            else
            {
                transaction.Create(ComputeKinds.Image, new Image
                {
                    Metadata = { Name = id, Namespace = key.Namespace, Finalizers = [Image.Finalizer], Labels = LabelsFor(import) },
                    Spec = spec,
                    Status = new ImageStatus { State = "available" },
                });
            }

            var done = ComputeKinds.ImageImport.Decode(current);
            done.Status ??= new ImageImportStatus();
            done.Status.Phase = ImageImportPhase.Succeeded;
            done.Status.Progress = 100;
            done.Status.Message = $"{spec.Name} is available as {id}";
            done.Status.ImageId = id;
            done.Status.CompletionTime = client.Time.GetUtcNow();
            transaction.Update(ComputeKinds.ImageImport, done, WriteScope.All);
            try
            {
                await transaction.CommitAsync(ct);
                return;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < 8)
            {
            }
        }
    }

    private Dictionary<string, string> LabelsFor(ImageImport import)
    {
        var labels = new Dictionary<string, string>(import.Spec.ImageLabels ?? []);
        labels.TryAdd(SimulatedImages.RegionLabel, options.Region);
        return labels;
    }

    /// <summary>What the maker of a pending Image said of it stays; what only the file can say is written.</summary>
    private static void Fill(ImageSpec image, ImageSpec made)
    {
        if (image.Name.Length == 0)
            image.Name = made.Name;
        image.Description ??= made.Description;
        image.Architecture = made.Architecture;
        image.BootMode = made.BootMode;
        image.DefaultUser ??= made.DefaultUser;
        image.FileName = made.FileName;
        image.SizeBytes = made.SizeBytes;
        image.Sha256 = made.Sha256;
        image.IsSimulated = made.IsSimulated;
    }

    private async Task FailAsync(ImageImport import, string message, CancellationToken ct)
    {
        if (import.Spec.ImageId is { } imageId)
        {
            await client.ModifyAsync(ComputeKinds.Image, ComputeKinds.Image.Key(key.Namespace, imageId), image =>
            {
                image.Status = new ImageStatus { State = "failed", StateReason = new StateReason { Code = "Client.ImageImportFailed", Message = message } };
                return true;
            }, ct);
        }

        await ModifyAsync(
            s =>
            {
                s.Phase = ImageImportPhase.Failed;
                s.Message = message;
                s.CompletionTime = client.Time.GetUtcNow();
            }, ct);
    }

    private Task<ImageImport?> ModifyAsync(Action<ImageImportStatus> change, CancellationToken ct) =>
        client.ModifyAsync(ComputeKinds.ImageImport, key, import =>
        {
            if (import.Metadata.Uid != uid)
                return false;
            change(import.Status ??= new ImageImportStatus());
            return true;
        }, ct);

    private sealed class Progress(ImageImportRun run) : IProgress<ImageBuildProgress>
    {
        public void Report(ImageBuildProgress value)
        {
            lock (run._lock)
                run._latest = value;
        }
    }
}
