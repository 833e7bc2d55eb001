using System.Security.Cryptography;
using System.Text;

namespace Skep.Compute.Qemu;

/// <summary>What an instance is to its guest, derived from its id alone: the same at every start.</summary>
public static class MachineIdentity
{
    /// <summary>
    /// The system UUID. It begins with ec2, by which cloud-init's Ec2 data source knows the platform; the serial number
    /// must be the same text.
    /// </summary>
    public static string Uuid(string instanceId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(instanceId), hash);
        var hex = Convert.ToHexStringLower(hash);

        // Version 4, variant 1 (RFC 9562): tools that check a UUID's form are content.
        return $"ec2{hex[..5]}-{hex[5..9]}-4{hex[9..12]}-a{hex[12..15]}-{hex[15..27]}";
    }

    /// <summary>A volume's serial number as Nitro shows it: the id without its dash, which fills virtio's 20 bytes exactly.</summary>
    public static string VolumeSerial(string volumeId)
    {
        const int SerialMax = 20;
        var serial = volumeId.Replace("-", "", StringComparison.Ordinal);
        return serial[..Math.Min(serial.Length, SerialMax)];
    }
}
