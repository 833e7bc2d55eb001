using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Skep.Compute.KeyPairs;

/// <summary>Ed25519 public keys by the system's libcrypto, which .NET's TLS needs anyway; .NET itself has none.</summary>
internal static partial class Ed25519
{
    /// <summary>Bytes of a seed (private key) and of a public key, RFC 8032 section 5.1.5.</summary>
    public const int KeyLength = 32;

    private const int EvpPkeyEd25519 = 1087; // NID_ED25519, openssl/obj_mac.h

    /// <summary>The public key of a 32-byte seed.</summary>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != KeyLength)
            throw new ArgumentException($"an Ed25519 seed has {KeyLength} bytes, not {seed.Length}", nameof(seed));
        var key = EVP_PKEY_new_raw_private_key(EvpPkeyEd25519, 0, seed, (nuint)seed.Length);
        if (key == 0)
            throw new CryptographicException("libcrypto did not accept the Ed25519 private key");
        try
        {
            var publicKey = new byte[KeyLength];
            nuint length = KeyLength;
            if (EVP_PKEY_get_raw_public_key(key, publicKey, ref length) != 1 || length != KeyLength)
                throw new CryptographicException("libcrypto did not give the Ed25519 public key");
            return publicKey;
        }
        finally
        {
            EVP_PKEY_free(key);
        }
    }

    [LibraryImport("libcrypto.so.3")]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport("libcrypto.so.3")]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, Span<byte> publicKey, ref nuint length);

    [LibraryImport("libcrypto.so.3")]
    private static partial void EVP_PKEY_free(nint key);
}
