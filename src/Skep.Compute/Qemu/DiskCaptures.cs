using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>
/// Captures of one running machine's disks: backup jobs (blockdev-backup of qapi/block-core.json) that begin at one moment,
/// in one transaction. Each keeps the old content of what the guest overwrites, and copies into a file in the instance's
/// directory. A dirty bitmap in the disk's own file keeps account of what changes until the next capture; it has the name of
/// the capture that it begins with. All names are made of the capture's, so that what a crash left is found.
/// </summary>
/// <remarks>
/// QEMU's NBD server would need no file, but cannot be used: exports of a disk that has an I/O thread end QEMU 7.2 with a
/// failed assertion (nbd_blockdev_client_closed) when a client disconnects, and the guest with it.
/// </remarks>
/// <param name="execute">The machine's monitor.</param>
/// <param name="files">Makes and removes the files.</param>
/// <param name="keys">Opens the keys of encrypted disks.</param>
/// <param name="freeze">Freezes the guest's file systems around a step.</param>
/// <param name="time">Times the waiting for jobs to end.</param>
internal sealed class DiskCaptures(QmpExecute execute, CaptureFiles files, IVolumeKeys keys, GuestFreeze freeze, TimeProvider time)
{
    /// <summary>What kept bitmaps are named like: nobody else's are touched.</summary>
    private const string BitmapPrefix = "snap-";

    private const int GranularityBytes = 64 * 1024;
    private const int WaitAttemptsMax = 200;
    private static readonly TimeSpan _waitPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The name of the file's node and the job; node names have at most 31 characters.</summary>
    public static string NameOf(string captureId)
    {
        const int IdLengthMax = 26;
        return captureId.Length <= IdLengthMax && !captureId.Contains('.', StringComparison.Ordinal)
            ? $"cap-{captureId}"
            : $"cap-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(captureId)).AsSpan(0, 12))}";
    }

    /// <summary>Begins captures of one moment, or finds them; null when the machine lacks one of the disks.</summary>
    public async Task<IReadOnlyList<DiskCapture>?> BeginAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
    {
        foreach (var request in requests)
        {
            if (await FindNodeAsync(NodeOf(request), ct) is null)
                return null;
        }

        if (await FindAllAsync(requests, ct) is { } found)
            return found;
        await EndAllAsync(requests, ct); // what a crash in the middle of this left
        try
        {
            var starts = new List<Start>();
            foreach (var request in requests)
                starts.Add(await PrepareAsync(request, ct));
            var stillness = await freeze(() => StartAsync(starts, ct), ct);
            return [.. starts.Select(s => new DiskCapture(IsNew: true, s.KnowsChanges, stillness))];
        }
        catch
        {
            await EndAllAsync(requests, CancellationToken.None);
            throw;
        }
    }

    /// <summary>How far the copy is; completes it when its job has ended. Null when there is none.</summary>
    /// <exception cref="MachineException">The job has failed.</exception>
    public async Task<DiskCaptureProgress?> FollowAsync(DiskCaptureRequest request, CancellationToken ct)
    {
        var name = NameOf(request.CaptureId);
        if (await FindJobAsync(name, ct) is not { } job)
            return null;
        var (done, all) = (job.GetProperty("current-progress").GetInt64(), job.GetProperty("total-progress").GetInt64());
        if (!IsConcluded(job))
            return new DiskCaptureProgress(null, done, all);
        if (job.TryGetProperty("error", out var error))
            throw new MachineException($"the copy of {request.VolumeId} failed: {error.GetString()}");
        if (await FindNodeAsync(name, ct) is not null)
            await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
        files.Complete(name); // before the job is forgotten: without it nobody would know that the copy is whole
        await execute("job-dismiss", w => w.WriteString("id", name), ct);
        return new DiskCaptureProgress(files.FindComplete(name), done, all);
    }

    /// <summary>Ends a capture, however far it had come.</summary>
    public async Task EndAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct)
    {
        var (name, node) = (NameOf(request.CaptureId), NodeOf(request));
        if (await FindJobAsync(name, ct) is { } job)
        {
            if (!IsConcluded(job))
                await CancelAsync(name, ct);
            await WaitForConclusionAsync(name, ct);
            await execute("job-dismiss", w => w.WriteString("id", name), ct);
        }

        if (await FindNodeAsync(name, ct) is not null)
            await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
        if (await FindNodeAsync(node, ct) is { } disk)
            await SettleBitmapsAsync(request, node, disk, isKept, ct);
        files.Remove(name);
    }

    /// <summary>The captures, if all of them are there; null when any is not.</summary>
    private async Task<IReadOnlyList<DiskCapture>?> FindAllAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
    {
        var found = new List<DiskCapture>();
        foreach (var request in requests)
        {
            var name = NameOf(request.CaptureId);
            bool hasOnlyChanges;
            if (files.FindComplete(name) is { } path)
                hasOnlyChanges = CaptureFiles.HasOnlyChanges(path);
            else if (files.FindStarted(name) is { } started && await FindJobAsync(name, ct) is not null)
                hasOnlyChanges = started;
            else
                return null;
            found.Add(new DiskCapture(IsNew: false, hasOnlyChanges, Stillness: null));
        }

        return found;
    }

    private async Task EndAllAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
    {
        foreach (var request in requests)
            await EndAsync(request, isKept: false, ct);
    }

    /// <summary>Does for one disk what takes time: what is left for the moment is the transaction.</summary>
    private async Task<Start> PrepareAsync(DiskCaptureRequest request, CancellationToken ct)
    {
        var (name, node) = (NameOf(request.CaptureId), NodeOf(request));
        var disk = await FindNodeAsync(node, ct) ?? throw new MachineException($"the machine has lost the disk of {request.VolumeId}");
        var knowsChanges = FindBitmap(disk, request.Since) is { IsRecording: true, IsInconsistent: false };
        await RemoveBitmapsAsync(disk, node, except: knowsChanges ? request.Since : null, ct);
        await AddNodeAsync(request, name, disk, knowsChanges, ct);
        return new Start(request, name, node, knowsChanges, IsQcow2(disk));
    }

    private async Task AddNodeAsync(DiskCaptureRequest request, string name, JsonElement disk, bool hasOnlyChanges, CancellationToken ct)
    {
        var path = await files.CreateAsync(name, disk.GetProperty("image").GetProperty("virtual-size").GetInt64(), hasOnlyChanges, keys.Open(request.VolumeId, request.Key), ct);
        await execute(
            "blockdev-add",
            w =>
            {
                w.WriteString("driver", "qcow2");
                w.WriteString("node-name", name);
                w.WriteString("discard", "unmap");
                if (request.Key is not null)
                    DiskNodes.WriteEncryption(w, DiskNodes.Top(request.VolumeId)); // the machine has the secret: of the disk itself
                w.WriteStartObject("file");
                w.WriteString("driver", "file");
                w.WriteString("filename", path);
                w.WriteEndObject();
            },
            ct);
    }

    /// <summary>
    /// The moment: what is written after this transaction is not in the captures, and is in the new bitmaps. QEMU lets no
    /// request of any of the disks through while it begins the jobs.
    /// </summary>
    private Task StartAsync(IReadOnlyList<Start> starts, CancellationToken ct) => execute(
        "transaction",
        w =>
        {
            w.WriteStartArray("actions");
            foreach (var start in starts)
                WriteActions(w, start);
            w.WriteEndArray();
        },
        ct);

    private static void WriteActions(Utf8JsonWriter w, Start start)
    {
        var (node, since) = (start.Node, start.Request.Since);
        if (start.KnowsChanges)
            WriteBitmapAction(w, "block-dirty-bitmap-disable", node, since!, static _ => { });
        WriteBitmapAction(w, "block-dirty-bitmap-add", node, start.Request.CaptureId, d =>
        {
            d.WriteBoolean("persistent", start.IsPersistent);
            d.WriteNumber("granularity", GranularityBytes);
        });
        w.WriteStartObject();
        w.WriteString("type", "blockdev-backup");
        w.WriteStartObject("data");
        w.WriteString("job-id", start.Name);
        w.WriteString("device", node);
        w.WriteString("target", start.Name);
        w.WriteString("sync", start.KnowsChanges ? "bitmap" : "full");
        if (start.KnowsChanges)
        {
            w.WriteString("bitmap", since);
            w.WriteString("bitmap-mode", "never");
        }

        w.WriteBoolean("auto-dismiss", false);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private static void WriteBitmapAction(Utf8JsonWriter w, string type, string node, string bitmap, Action<Utf8JsonWriter> more)
    {
        w.WriteStartObject();
        w.WriteString("type", type);
        w.WriteStartObject("data");
        w.WriteString("node", node);
        w.WriteString("name", bitmap);
        more(w);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private async Task SettleBitmapsAsync(DiskCaptureRequest request, string node, JsonElement disk, bool isKept, CancellationToken ct)
    {
        var (old, begun) = (FindBitmap(disk, request.Since), FindBitmap(disk, request.CaptureId));
        if (begun is null)
            return; // settled already, or never begun
        if (isKept)
        {
            await RemoveBitmapsAsync(disk, node, except: request.CaptureId, ct);
            return;
        }

        if (old is not { IsRecording: false, IsInconsistent: false } || begun.Value.IsInconsistent)
        {
            await RemoveBitmapAsync(node, request.CaptureId, ct);
            return;
        }

        // What changed since the capture before is what it had counted and what was counted since. In one step: whoever finds
        // this half done would believe that the older one has it all.
        await execute(
            "transaction",
            w =>
            {
                w.WriteStartArray("actions");
                WriteBitmapAction(w, "block-dirty-bitmap-enable", node, request.Since!, static _ => { });
                WriteMergeAction(w, node, request.Since!, request.CaptureId);
                WriteBitmapAction(w, "block-dirty-bitmap-remove", node, request.CaptureId, static _ => { });
                w.WriteEndArray();
            },
            ct);
    }

    private static void WriteMergeAction(Utf8JsonWriter w, string node, string target, string source)
    {
        w.WriteStartObject();
        w.WriteString("type", "block-dirty-bitmap-merge");
        w.WriteStartObject("data");
        w.WriteString("node", node);
        w.WriteString("target", target);
        w.WriteStartArray("bitmaps");
        w.WriteStringValue(source);
        w.WriteEndArray();
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private async Task RemoveBitmapsAsync(JsonElement disk, string node, string? except, CancellationToken ct)
    {
        foreach (var bitmap in Bitmaps(disk).Where(b => b.Name != except))
            await RemoveBitmapAsync(node, bitmap.Name, ct);
    }

    private Task RemoveBitmapAsync(string node, string bitmap, CancellationToken ct) =>
        execute("block-dirty-bitmap-remove", w => { w.WriteString("node", node); w.WriteString("name", bitmap); }, ct);

    private static string NodeOf(DiskCaptureRequest request) => DiskNodes.Format(DiskNodes.Top(request.VolumeId));

    private static bool IsQcow2(JsonElement disk) => disk.GetProperty("drv").GetString() == "qcow2";

    private static Bitmap? FindBitmap(JsonElement disk, string? name) =>
        Bitmaps(disk).Where(b => b.Name == name).Select(b => (Bitmap?)b).FirstOrDefault();

    private static IEnumerable<Bitmap> Bitmaps(JsonElement disk)
    {
        if (!disk.TryGetProperty("dirty-bitmaps", out var bitmaps))
            yield break;
        foreach (var bitmap in bitmaps.EnumerateArray())
        {
            if (bitmap.TryGetProperty("name", out var name) && name.GetString() is { } text && text.StartsWith(BitmapPrefix, StringComparison.Ordinal))
                yield return new Bitmap(text, bitmap.GetProperty("recording").GetBoolean(), bitmap.TryGetProperty("inconsistent", out var lost) && lost.GetBoolean());
        }
    }

    private async Task<JsonElement?> FindNodeAsync(string name, CancellationToken ct)
    {
        foreach (var node in (await execute("query-named-block-nodes", w => w.WriteBoolean("flat", true), ct)).EnumerateArray())
        {
            if (node.GetProperty("node-name").GetString() == name)
                return node;
        }

        return null;
    }

    private async Task<JsonElement?> FindJobAsync(string id, CancellationToken ct)
    {
        foreach (var job in (await execute("query-jobs", null, ct)).EnumerateArray())
        {
            if (job.GetProperty("id").GetString() == id)
                return job;
        }

        return null;
    }

    private async Task CancelAsync(string id, CancellationToken ct)
    {
        try
        {
            await execute("block-job-cancel", w => { w.WriteString("device", id); w.WriteBoolean("force", true); }, ct);
        }
        catch (QmpException ex) when (ex.Failure == QmpFailure.Refused)
        {
            // A job that runs can be cancelled: this one has come to its end since it was looked at. One that has not is
            // waited for, and named if it does not end.
        }
    }

    private static bool IsConcluded(JsonElement job) => job.GetProperty("status").GetString() == "concluded";

    private async Task WaitForConclusionAsync(string id, CancellationToken ct)
    {
        for (var attempt = 0; attempt < WaitAttemptsMax; attempt++)
        {
            if (await FindJobAsync(id, ct) is not { } job || IsConcluded(job))
                return;
            await Task.Delay(_waitPause, time, ct);
        }

        throw new QmpException(QmpFailure.TimedOut, $"job {id} was cancelled and did not end within {(_waitPause * WaitAttemptsMax).TotalSeconds:0} s");
    }

    private readonly record struct Bitmap(string Name, bool IsRecording, bool IsInconsistent);

    /// <summary>A capture that is ready to begin.</summary>
    /// <param name="Request">What was asked for.</param>
    /// <param name="Name">The name of its job and of its file's node.</param>
    /// <param name="Node">The disk's node.</param>
    /// <param name="KnowsChanges">Whether it copies what changed since the capture before, and nothing else.</param>
    /// <param name="IsPersistent">Whether the disk's file can keep its bitmap.</param>
    private sealed record Start(DiskCaptureRequest Request, string Name, string Node, bool KnowsChanges, bool IsPersistent);
}

/// <summary>Runs a step while the guest's file systems are frozen, if they can be.</summary>
internal delegate Task<GuestStillness> GuestFreeze(Func<Task> step, CancellationToken ct);
