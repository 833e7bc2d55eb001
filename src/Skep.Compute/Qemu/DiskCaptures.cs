using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>
/// Captures of one running machine's disks: a backup job (blockdev-backup of qapi/block-core.json) that begins at one
/// moment, keeps the old content of what the guest overwrites, and copies into a file in the instance's directory. A dirty
/// bitmap in the disk's own file keeps account of what changes until the next capture; it has the name of the capture that
/// it begins with. All names are made of the capture's, so that what a crash left is found.
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

    /// <summary>Begins a capture, or finds it; null when the machine does not have the disk.</summary>
    public async Task<DiskCapture?> BeginAsync(DiskCaptureRequest request, CancellationToken ct)
    {
        var (name, node) = (NameOf(request.CaptureId), DiskNodes.Format(DiskNodes.Top(request.VolumeId)));
        if (await FindNodeAsync(node, ct) is null)
            return null;
        if (files.FindStarted(name) is { } hasOnlyChanges && await FindJobAsync(name, ct) is not null)
            return new DiskCapture(IsNew: false, hasOnlyChanges, IsFileSystemFrozen: false, Note: null);
        await EndAsync(request, isKept: false, ct); // what a crash in the middle of this left
        var disk = (await FindNodeAsync(node, ct))!.Value;
        var knowsChanges = FindBitmap(disk, request.Since) is { IsRecording: true, IsInconsistent: false };
        try
        {
            await RemoveBitmapsAsync(disk, node, except: knowsChanges ? request.Since : null, ct);
            await AddNodeAsync(request, name, disk, knowsChanges, ct);
            var note = await freeze(() => StartAsync(request, name, node, knowsChanges, isPersistent: IsQcow2(disk), ct), ct);
            return new DiskCapture(IsNew: true, knowsChanges, note is null, note);
        }
        catch
        {
            await EndAsync(request, isKept: false, CancellationToken.None);
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
        if (job.GetProperty("status").GetString() != "concluded")
            return new DiskCaptureProgress(null, done, all);
        if (job.TryGetProperty("error", out var error))
            throw new MachineException($"the copy of {request.VolumeId} failed: {error.GetString()}");
        await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
        files.Complete(name); // before the job is forgotten: without it nobody would know that the copy is whole
        await execute("job-dismiss", w => w.WriteString("id", name), ct);
        return new DiskCaptureProgress(files.FindComplete(name), done, all);
    }

    /// <summary>Ends a capture, however far it had come.</summary>
    public async Task EndAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct)
    {
        var (name, node) = (NameOf(request.CaptureId), DiskNodes.Format(DiskNodes.Top(request.VolumeId)));
        if (await FindJobAsync(name, ct) is { } job)
        {
            if (job.GetProperty("status").GetString() != "concluded")
                await execute("block-job-cancel", w => { w.WriteString("device", name); w.WriteBoolean("force", true); }, ct);
            await WaitForConclusionAsync(name, ct);
            await execute("job-dismiss", w => w.WriteString("id", name), ct);
        }

        if (await FindNodeAsync(name, ct) is not null)
            await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
        if (await FindNodeAsync(node, ct) is { } disk)
            await SettleBitmapsAsync(request, node, disk, isKept, ct);
        files.Remove(name);
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

    /// <summary>The moment: what is written after this transaction is not in the capture, and is in the new bitmap.</summary>
    private Task StartAsync(DiskCaptureRequest request, string name, string node, bool knowsChanges, bool isPersistent, CancellationToken ct) => execute(
        "transaction",
        w =>
        {
            w.WriteStartArray("actions");
            if (knowsChanges)
                WriteBitmapAction(w, "block-dirty-bitmap-disable", node, request.Since!, static _ => { });
            WriteBitmapAction(w, "block-dirty-bitmap-add", node, request.CaptureId, d =>
            {
                d.WriteBoolean("persistent", isPersistent);
                d.WriteNumber("granularity", GranularityBytes);
            });
            w.WriteStartObject();
            w.WriteString("type", "blockdev-backup");
            w.WriteStartObject("data");
            w.WriteString("job-id", name);
            w.WriteString("device", node);
            w.WriteString("target", name);
            w.WriteString("sync", knowsChanges ? "bitmap" : "full");
            if (knowsChanges)
            {
                w.WriteString("bitmap", request.Since);
                w.WriteString("bitmap-mode", "never");
            }

            w.WriteBoolean("auto-dismiss", false);
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndArray();
        },
        ct);

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

        if (old is { IsRecording: false, IsInconsistent: false } && !begun.Value.IsInconsistent)
        {
            // What changed since the capture before is what it had counted and what was counted since.
            await execute("block-dirty-bitmap-enable", w => { w.WriteString("node", node); w.WriteString("name", request.Since); }, ct);
            await execute(
                "block-dirty-bitmap-merge",
                w =>
                {
                    w.WriteString("node", node);
                    w.WriteString("target", request.Since);
                    w.WriteStartArray("bitmaps");
                    w.WriteStringValue(request.CaptureId);
                    w.WriteEndArray();
                },
                ct);
        }

        await RemoveBitmapAsync(node, request.CaptureId, ct);
    }

    private async Task RemoveBitmapsAsync(JsonElement disk, string node, string? except, CancellationToken ct)
    {
        foreach (var bitmap in Bitmaps(disk).Where(b => b.Name != except))
            await RemoveBitmapAsync(node, bitmap.Name, ct);
    }

    private Task RemoveBitmapAsync(string node, string bitmap, CancellationToken ct) =>
        execute("block-dirty-bitmap-remove", w => { w.WriteString("node", node); w.WriteString("name", bitmap); }, ct);

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

    private async Task WaitForConclusionAsync(string id, CancellationToken ct)
    {
        for (var attempt = 0; attempt < WaitAttemptsMax; attempt++)
        {
            if (await FindJobAsync(id, ct) is not { } job || job.GetProperty("status").GetString() == "concluded")
                return;
            await Task.Delay(_waitPause, time, ct);
        }

        throw new QmpException(QmpFailure.TimedOut, $"job {id} was cancelled and did not end within {(_waitPause * WaitAttemptsMax).TotalSeconds:0} s");
    }

    private readonly record struct Bitmap(string Name, bool IsRecording, bool IsInconsistent);
}

/// <summary>Runs a step while the guest's file systems are frozen, if they can be; says why they were not, or null.</summary>
internal delegate Task<string?> GuestFreeze(Func<Task> step, CancellationToken ct);
