using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Skep.Blocks;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Storage.LogVolumes;

/// <summary>The server's half of <see cref="VolumeControl"/>: takes, lists and deletes snapshots of the volumes that it serves.</summary>
/// <param name="volumes">The volumes by name; they belong to the caller.</param>
public sealed class VolumeControlServer(IReadOnlyDictionary<string, LogVolume> volumes)
{
    /// <summary>Serves on a listening Unix socket until cancelled.</summary>
    /// <param name="listener">The socket; belongs to the caller.</param>
    /// <param name="ct">Ends it; requests under way are left alone.</param>
    public async Task RunAsync(Socket listener, CancellationToken ct)
    {
        var clients = new List<Task>();
        try
        {
            while (!ct.IsCancellationRequested)
            {
                var client = await listener.AcceptAsync(ct);
                clients.RemoveAll(c => c.IsCompleted);
                clients.Add(ServeAsync(client, ct));
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }

        await Task.WhenAll(clients);
    }

    private async Task ServeAsync(Socket client, CancellationToken ct)
    {
        await Task.Yield();
        await using var stream = new NetworkStream(client, ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        try
        {
            if (await VolumeControl.ReceiveAsync(reader, VolumeControlJson.Default.VolumeControlRequest, ct) is { } request)
                await AnswerAsync(stream, request, ct);
        }
        catch (Exception ex) when (ex is IOException or JsonException or OperationCanceledException)
        {
            // Whoever asked is gone, or makes no sense, or this server ends: they see the end of the connection.
        }
    }

    private async Task AnswerAsync(NetworkStream stream, VolumeControlRequest request, CancellationToken ct)
    {
        VolumeControlAnswer answer;
        try
        {
            if (!volumes.TryGetValue(request.Volume, out var volume))
                throw new BlockDeviceException(BlockError.NotSupported, $"there is no volume {request.Volume} here");
            await DoAsync(stream, volume, request, ct);
            answer = new VolumeControlAnswer { Snapshots = [.. volume.Snapshots.Select(s => s.Id)] };
        }
        catch (Exception ex) when (ex is BlockDeviceException or ObjectStoreException or ArgumentException)
        {
            answer = new VolumeControlAnswer { Failure = ex.Message };
        }

        await SendAsync(stream, answer, ct);
    }

    private static async Task DoAsync(NetworkStream stream, LogVolume volume, VolumeControlRequest request, CancellationToken ct)
    {
        switch (request)
        {
            case { Do: VolumeControl.List }:
                break;
            case { Do: VolumeControl.Snapshot, Id: { } id } when volume.Snapshots.Any(s => s.Id == id):
                break; // whoever asked before went away
            case { Do: VolumeControl.Snapshot, Id: { } id }:
                var moment = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var taken = volume.SnapshotAsync(id, moment.SetResult, CancellationToken.None);
                if (await Task.WhenAny(moment.Task, taken) == moment.Task)
                    await SendAsync(stream, new VolumeControlAnswer { IsMoment = true }, ct);
                await taken;
                break;
            case { Do: VolumeControl.DeleteSnapshot, Id: { } id }:
                if (volume.Snapshots.Any(s => s.Id == id))
                    await volume.DeleteSnapshotAsync(id, ct);
                break;
            default:
                throw new BlockDeviceException(BlockError.NotSupported, $"\"{request.Do}\" is not known here");
        }
    }

    private static Task SendAsync(NetworkStream stream, VolumeControlAnswer answer, CancellationToken ct) =>
        VolumeControl.SendAsync(stream, answer, VolumeControlJson.Default.VolumeControlAnswer, ct);
}
