using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Skep.Storage.Volumes;

namespace Skep.Storage.LogVolumes;

/// <summary>The daemon's half of <see cref="VolumeControl"/>.</summary>
/// <param name="socketPath">The control socket of the volume's server.</param>
/// <param name="volume">The volume's name.</param>
internal sealed class VolumeControlClient(string socketPath, string volume)
{
    /// <summary>
    /// Takes a snapshot of what has been written so far, or finds the one of that id; returns when the store has it, and
    /// calls back as soon as nothing that is written later is part of it.
    /// </summary>
    /// <exception cref="VolumeException">It cannot be taken, or the server ended: then it may have been taken or not.</exception>
    public async Task SnapshotAsync(string id, Action onMoment, CancellationToken ct) => await AskAsync(VolumeControl.Snapshot, id, onMoment, ct);

    /// <summary>Deletes a snapshot; one that is not there is no error. Returns those that are left, the oldest first.</summary>
    /// <exception cref="VolumeException">The server failed or ended.</exception>
    public Task<IReadOnlyList<string>> DeleteSnapshotAsync(string id, CancellationToken ct) => AskAsync(VolumeControl.DeleteSnapshot, id, static () => { }, ct);

    /// <summary>The ids of all snapshots, the oldest first.</summary>
    /// <exception cref="VolumeException">The server failed or ended.</exception>
    public Task<IReadOnlyList<string>> ListAsync(CancellationToken ct) => AskAsync(VolumeControl.List, id: null, static () => { }, ct);

    private async Task<IReadOnlyList<string>> AskAsync(string verb, string? id, Action onMoment, CancellationToken ct)
    {
        var isOver = false;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), ct);
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await VolumeControl.SendAsync(stream, new VolumeControlRequest(verb, volume, id), VolumeControlJson.Default.VolumeControlRequest, ct);
            while (await VolumeControl.ReceiveAsync(reader, VolumeControlJson.Default.VolumeControlAnswer, ct) is { } answer)
            {
                if (answer.Failure is { } failure)
                    throw new VolumeException(failure);
                if (answer.Snapshots is { } snapshots)
                {
                    if (!isOver)
                        onMoment(); // of one that was found it is long over
                    return snapshots;
                }

                if (answer.IsMoment && !isOver)
                    onMoment();
                isOver |= answer.IsMoment;
            }

            throw new VolumeException($"the server of {volume} ended while it was asked to {verb}") { IsTransient = true };
        }
        catch (Exception ex) when (ex is SocketException or IOException or JsonException)
        {
            throw new VolumeException($"the server of {volume} cannot be asked to {verb}: {ex.Message}") { IsTransient = true };
        }
    }
}
