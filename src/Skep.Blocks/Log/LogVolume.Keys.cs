namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>Wraps the volume's key with another key of the ring; the one before is not needed for this volume any more.</summary>
    /// <exception cref="BlockDeviceException">The volume is not encrypted.</exception>
    /// <exception cref="LogFormatException">The ring does not have the key.</exception>
    public async Task RotateKeyAsync(string newKeyId, CancellationToken ct)
    {
        if (_key is null)
            throw new BlockDeviceException(BlockError.NotSupported, $"volume {Name} is not encrypted: it has no key to rotate");
        await _control.EnterAsync(ct);
        try
        {
            byte[] wrapped = _key.Wrap(_settings.Keys!, newKeyId, _identity.VolumeId, _settings.Services.Random);
            await Enqueue([new KeyWrapped(newKeyId, wrapped)]).Done.Task.WaitHereAsync(ct);
        }
        finally
        {
            _control.Release();
        }
    }
}
