using Skep.Blocks;
using Skep.Blocks.Nbd;

namespace Skep.Storage.LogVolumes;

internal sealed partial class LogVolumeKeeper
{
    /// <summary>A server that works answers a read of one block within this time.</summary>
    private static readonly TimeSpan _probeTimeout = TimeSpan.FromSeconds(5);

    private const int ProbeBytes = 4096;

    /// <summary>
    /// Serves a volume that is taken from its machine by force. QEMU lets go of a disk only when every request has been
    /// answered, and a machine whose monitor waits for that has nothing else: a server that does not answer, or whose time is
    /// up, is replaced by one that fails every request. What was acknowledged is in the volume's log.
    /// </summary>
    /// <param name="place">Where the volume is.</param>
    /// <param name="sizeGib">Its size as the machine knows it.</param>
    /// <param name="isTimeUp">Whether the machine still has it although it should have let go by now.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Whether a server was replaced.</returns>
    /// <exception cref="Volumes.VolumeException">No server can be started.</exception>
    public async Task<bool> ServeForcedAsync(LogVolumePlace place, long sizeGib, bool isTimeUp, CancellationToken ct)
    {
        var isReplaced = false;
        await TranslateAsync(async () =>
        {
            await servers.EnsureAsync(place.Name, Arguments(place), ct);
            var answer = await ProbeAsync(place, ct);
            if (answer is ProbeAnswer.Error || (answer is ProbeAnswer.Data && !isTimeUp))
                return;
            await servers.ReplaceAsync(place.Name, ["--export", place.Name, $"failing:{sizeGib << GiBShift}"], ct);
            isReplaced = true;
        });
        return isReplaced;
    }

    private async Task<ProbeAnswer> ProbeAsync(LogVolumePlace place, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(_probeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        try
        {
            await using var client = await NbdClient.ConnectAsync(OptionsOf(place) with { ConnectTimeout = _probeTimeout }, time, either.Token);
            await client.ReadAsync(0, new byte[ProbeBytes], either.Token);
            return ProbeAnswer.Data;
        }
        catch (BlockDeviceException)
        {
            return ProbeAnswer.Error;
        }
        catch (Exception ex) when (ex is NbdException or IOException or System.Net.Sockets.SocketException || (ex is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return ProbeAnswer.None;
        }
    }

    /// <summary>What a server answers to a read.</summary>
    private enum ProbeAnswer
    {
        None,
        Error,
        Data,
    }
}
