namespace Skep.Storage.Volumes;

/// <summary>A volume's disk cannot be made; the message becomes the volume's status.</summary>
internal sealed class VolumeException(string message) : Exception(message)
{
    /// <summary>Whether the same attempt may succeed later.</summary>
    public bool IsTransient { get; init; }
}
