using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skep.Compute.Qmp;
using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>
/// Captures of one running machine's disks by image fleecing (docs/interop/live-block-operations.rst of QEMU): a temporary
/// qcow2 file on top of the disk gets the old content of what the guest overwrites, and an NBD export shows both as
/// the disk was. A dirty bitmap in the disk's own file keeps account of what changes until the next capture; it has the
/// name of the capture that it begins with. All names are made of the capture's, so that what a crash left is found.
/// </summary>
/// <param name="execute">The machine's monitor.</param>
/// <param name="files">Makes and removes the temporary files and gives the path of the socket.</param>
/// <param name="freeze">Freezes the guest's file systems around a step.</param>
/// <param name="time">Times the waiting for jobs to end.</param>
internal sealed class DiskCaptures(QmpExecute execute, ICaptureFiles files, GuestFreeze freeze, TimeProvider time)
{
    /// <summary>What kept bitmaps are named like: nobody else's are touched.</summary>
    private const string BitmapPrefix = "snap-";

    private const int GranularityBytes = 64 * 1024;
    private const int WaitAttemptsMax = 200;
    private static readonly TimeSpan _waitPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The name of the temporary node, the job and the export; node names have at most 31 characters.</summary>
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
        if (await FindNodeAsync(node, ct) is not { } disk)
            return null;
        if (await HasExportAsync(name, ct))
            return Describe(request, FindBitmap(disk, request.Since) is { IsRecording: false, IsInconsistent: false }, isNew: false, "the file systems' state at that moment was not noted");
        await EndAsync(request, isKept: false, ct); // what a crash in the middle of this left
        disk = (await FindNodeAsync(node, ct))!.Value;
        var knowsChanges = FindBitmap(disk, request.Since) is { IsRecording: true, IsInconsistent: false };
        try
        {
            await RemoveBitmapsAsync(disk, node, except: knowsChanges ? request.Since : null, ct);
            await AddNodeAsync(request, name, node, disk, ct);
            var note = await freeze(() => StartAsync(request, name, node, knowsChanges, isPersistent: IsQcow2(disk), ct), ct);
            await ExportAsync(request, name, knowsChanges ? request.Since : null, ct);
            return Describe(request, knowsChanges, isNew: true, note);
        }
        catch
        {
            await EndAsync(request, isKept: false, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Ends a capture, however far it had come.</summary>
    public async Task EndAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct)
    {
        var (name, node) = (NameOf(request.CaptureId), DiskNodes.Format(DiskNodes.Top(request.VolumeId)));
        if (await HasExportAsync(name, ct))
        {
            await execute("block-export-del", w => { w.WriteString("id", name); w.WriteString("mode", "hard"); }, ct);
            await WaitAsync(async () => !await HasExportAsync(name, ct), $"export {name} to go", ct);
        }

        if (await HasJobAsync(name, ct))
        {
            await execute("block-job-cancel", w => { w.WriteString("device", name); w.WriteBoolean("force", true); }, ct);
            await WaitAsync(async () => !await HasJobAsync(name, ct), $"job {name} to go", ct);
        }

        if (await FindNodeAsync(name, ct) is not null)
            await execute("blockdev-del", w => w.WriteString("node-name", name), ct);
        files.Remove(name);
        if (await FindNodeAsync(node, ct) is { } disk)
            await SettleBitmapsAsync(request, node, disk, isKept, ct);
        if ((await execute("query-block-exports", null, ct)).GetArrayLength() == 0)
            await StopServerAsync(ct);
    }

    private DiskCapture Describe(DiskCaptureRequest request, bool knowsChanges, bool isNew, string? note) =>
        new(files.SocketPath, request.CaptureId, knowsChanges ? $"qemu:dirty-bitmap:{request.Since}" : null, isNew, note is null, note);

    private async Task AddNodeAsync(DiskCaptureRequest request, string name, string node, JsonElement disk, CancellationToken ct)
    {
        var path = await files.CreateAsync(name, disk.GetProperty("image").GetProperty("virtual-size").GetInt64(), ct);
        await execute(
            "blockdev-add",
            w =>
            {
                w.WriteString("driver", "qcow2");
                w.WriteString("node-name", name);
                w.WriteStartObject("file");
                w.WriteString("driver", "file");
                w.WriteString("filename", path);
                w.WriteEndObject();
                w.WriteString("backing", node);
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
            w.WriteString("sync", "none");
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

    private async Task ExportAsync(DiskCaptureRequest request, string name, string? bitmap, CancellationToken ct)
    {
        try
        {
            await execute(
                "nbd-server-start",
                w =>
                {
                    w.WriteStartObject("addr");
                    w.WriteString("type", "unix");
                    w.WriteStartObject("data");
                    w.WriteString("path", files.SocketPath);
                    w.WriteEndObject();
                    w.WriteEndObject();
                },
                ct);
        }
        catch (QmpException ex) when (ex.Message.Contains("already running", StringComparison.Ordinal))
        {
            // For the capture of another disk of the same machine.
        }

        await execute(
            "block-export-add",
            w =>
            {
                w.WriteString("type", "nbd");
                w.WriteString("id", name);
                w.WriteString("node-name", name);
                w.WriteString("name", request.CaptureId);
                w.WriteBoolean("writable", false);
                if (bitmap is null)
                    return;
                w.WriteStartArray("bitmaps");
                w.WriteStringValue(bitmap);
                w.WriteEndArray();
            },
            ct);
    }

    private async Task StopServerAsync(CancellationToken ct)
    {
        try
        {
            await execute("nbd-server-stop", null, ct);
        }
        catch (QmpException ex) when (ex.Failure == QmpFailure.Refused)
        {
            // It does not run.
        }
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

    private async Task<bool> HasExportAsync(string id, CancellationToken ct) =>
        (await execute("query-block-exports", null, ct)).EnumerateArray().Any(e => e.GetProperty("id").GetString() == id);

    private async Task<bool> HasJobAsync(string id, CancellationToken ct) =>
        (await execute("query-jobs", null, ct)).EnumerateArray().Any(j => j.GetProperty("id").GetString() == id);

    private async Task WaitAsync(Func<Task<bool>> isDone, string what, CancellationToken ct)
    {
        for (var attempt = 0; attempt < WaitAttemptsMax; attempt++)
        {
            if (await isDone())
                return;
            await Task.Delay(_waitPause, time, ct);
        }

        throw new QmpException(QmpFailure.TimedOut, $"waited {(_waitPause * WaitAttemptsMax).TotalSeconds:0} s for {what}");
    }

    private readonly record struct Bitmap(string Name, bool IsRecording, bool IsInconsistent);
}

/// <summary>Runs a step while the guest's file systems are frozen, if they can be; says why they were not, or null.</summary>
internal delegate Task<string?> GuestFreeze(Func<Task> step, CancellationToken ct);

/// <summary>The files of captures in an instance's directory.</summary>
internal interface ICaptureFiles
{
    /// <summary>Where the machine's NBD server listens.</summary>
    string SocketPath { get; }

    /// <summary>Makes an empty qcow2 file that the machine may open; returns its path.</summary>
    Task<string> CreateAsync(string name, long sizeBytes, CancellationToken ct);

    /// <summary>Removes it, if it is there.</summary>
    void Remove(string name);
}
