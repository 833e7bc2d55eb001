namespace Skep.Storage.LogVolumes;

internal sealed partial class LogVolumeKeeper
{
    /// <summary>
    /// What the server of a volume can be asked for beside NBD; null when none was started, or by an older program. It may have
    /// ended since.
    /// </summary>
    public VolumeControlClient? ControlOf(string volumeId) => File.Exists(servers.ControlOf(volumeId)) ? new VolumeControlClient(servers.ControlOf(volumeId), volumeId) : null;
}
