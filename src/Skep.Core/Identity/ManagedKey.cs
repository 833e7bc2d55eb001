using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

/// <summary>
/// The KMS keys that AWS manages for its services: one an alias, account and region. Here each stands for the node's key ring,
/// and its id follows from the three, so it is the same wherever and whenever it is asked for.
/// </summary>
public static class ManagedKey
{
    /// <summary>The key's id, a UUID.</summary>
    /// <param name="alias">"alias/aws/ebs".</param>
    /// <param name="accountId">12 digits.</param>
    /// <param name="region">"us-east-1".</param>
    public static string IdOf(string alias, string accountId, string region)
    {
        const ushort Version8 = 0x8000; // RFC 9562: the vendor's own way of making it
        const byte Variant = 0x80;
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{alias} {accountId} {region}")).AsSpan(0, 16);
        var version = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)((version & 0x0FFF) | Version8));
        bytes[8] = (byte)((bytes[8] & 0x3F) | Variant);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
