using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;

namespace Skep.Compute.Metadata;

/// <summary>
/// IMDSv2 session tokens. A token carries its expiry and is bound to its instance by a MAC, so none has to be stored;
/// the key lives as long as the daemon, and clients ask for a new token when they see 401.
/// </summary>
internal sealed class SessionTokens
{
    /// <summary>Longest life of a token, in seconds.</summary>
    public const int TtlMaxSeconds = 21_600;

    private const int MacLength = 32;
    private readonly byte[] _key = new byte[32];
    private readonly TimeProvider _time;

    public SessionTokens(TimeProvider time, IIdSource ids)
    {
        _time = time;
        ids.Fill(_key);
    }

    public string Create(string instanceId, int ttlSeconds)
    {
        Span<byte> token = stackalloc byte[8 + MacLength];
        BinaryPrimitives.WriteInt64BigEndian(token, _time.GetUtcNow().ToUnixTimeSeconds() + ttlSeconds);
        Mac(instanceId, token[..8], token[8..]);
        return Base64Url.EncodeToString(token);
    }

    public bool IsValid(string instanceId, string text)
    {
        Span<byte> token = stackalloc byte[8 + MacLength];
        if (text.Length > 128 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, token, out var length) || length != token.Length)
            return false;
        Span<byte> mac = stackalloc byte[MacLength];
        Mac(instanceId, token[..8], mac);
        return CryptographicOperations.FixedTimeEquals(mac, token[8..])
            && BinaryPrimitives.ReadInt64BigEndian(token) > _time.GetUtcNow().ToUnixTimeSeconds();
    }

    private void Mac(string instanceId, ReadOnlySpan<byte> expiry, Span<byte> mac)
    {
        Span<byte> message = stackalloc byte[8 + 256];
        expiry.CopyTo(message);
        var length = 8 + Encoding.UTF8.GetBytes(instanceId, message[8..]);
        HMACSHA256.HashData(_key, message[..length], mac);
    }
}
