namespace Skep.Linux.DiskImages;

/// <summary>What an encrypted disk is opened with. A class of its own, so that it cannot get into a message by accident.</summary>
/// <param name="text">The passphrase: LUKS takes text, so a random key is written as base64.</param>
public sealed class DiskPassphrase(string text)
{
    /// <summary>The passphrase. Belongs into files of <see cref="SecretFile"/> and QMP commands, and nowhere else.</summary>
    public string Reveal() => text;

    /// <inheritdoc/>
    public override string ToString() => "(passphrase)";
}
