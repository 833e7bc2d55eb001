using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;

namespace Skep.Compute.KeyPairs;

/// <summary>A new key pair in the forms that EC2's CreateKeyPair hands out. The private half is never stored.</summary>
public sealed class SshKeyPair
{
    private const int RsaBits = 2048; // what EC2 makes
    private const int PemLineLength = 70; // as ssh-keygen writes
    private const int PpkLineLength = 64;

    private SshKeyPair(SshPublicKey publicKey, string privateKey, string fingerprint)
    {
        PublicKey = publicKey;
        PrivateKey = privateKey;
        Fingerprint = fingerprint;
    }

    /// <summary>The public half.</summary>
    public SshPublicKey PublicKey { get; }

    /// <summary>The private half as text, ready for a file.</summary>
    public string PrivateKey { get; }

    /// <summary>
    /// As EC2 computes it for keys that it made: RSA: SHA-1 of the DER private key (PKCS#8) in hex; Ed25519: as for
    /// imported ones.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>Makes a key pair of type "rsa" or "ed25519", its private half in format "pem" or "ppk" (PuTTY).</summary>
    public static SshKeyPair Create(string keyType, string keyFormat, string comment, IIdSource ids) => keyType switch
    {
        "rsa" => CreateRsa(keyFormat, comment),
        "ed25519" => CreateEd25519(keyFormat, comment, ids),
        _ => throw new ArgumentOutOfRangeException(nameof(keyType), keyType, "expected rsa or ed25519"),
    };

    private static SshKeyPair CreateRsa(string format, string comment)
    {
        using var rsa = RSA.Create(RsaBits);
        var key = rsa.ExportParameters(includePrivateParameters: true);
        var publicKey = SshPublicKey.OfRsa(key, comment);
        var text = format == "ppk"
            ? Ppk(publicKey, comment, new SshWriter().MPInt(key.D).MPInt(key.P).MPInt(key.Q).MPInt(key.InverseQ).ToArray())
            : rsa.ExportRSAPrivateKeyPem() + "\n";
        return new SshKeyPair(publicKey, text, SshPublicKey.Hex(SHA1.HashData(rsa.ExportPkcs8PrivateKey())));
    }

    private static SshKeyPair CreateEd25519(string format, string comment, IIdSource ids)
    {
        var seed = new byte[Ed25519.KeyLength];
        ids.Fill(seed);
        var raw = Ed25519.PublicKeyOf(seed);
        var publicKey = SshPublicKey.OfEd25519(raw, comment);
        var text = format == "ppk"
            ? Ppk(publicKey, comment, new SshWriter().Bytes(seed).ToArray())
            : OpenSsh(publicKey, raw, seed, comment, ids);
        return new SshKeyPair(publicKey, text, publicKey.ImportedFingerprint());
    }

    /// <summary>openssh-key-v1 without a passphrase (OpenSSH's PROTOCOL.key).</summary>
    private static string OpenSsh(SshPublicKey publicKey, byte[] raw, byte[] seed, string comment, IIdSource ids)
    {
        Span<byte> checkBytes = stackalloc byte[4];
        ids.Fill(checkBytes);
        var check = BitConverter.ToUInt32(checkBytes);
        var secret = new SshWriter()
            .UInt32(check).UInt32(check)
            .Text(publicKey.Algorithm).Bytes(raw).Bytes([.. seed, .. raw]).Text(comment);
        for (byte pad = 1; secret.Length % 8 != 0; pad++)
            secret.Raw([pad]);
        var file = new SshWriter()
            .Raw("openssh-key-v1\0"u8)
            .Text("none").Text("none").Text("")
            .UInt32(1).Bytes(publicKey.Blob).Bytes(secret.ToArray())
            .ToArray();
        var text = new StringBuilder("-----BEGIN OPENSSH PRIVATE KEY-----\n");
        AppendLines(text, Convert.ToBase64String(file), PemLineLength);
        return text.Append("-----END OPENSSH PRIVATE KEY-----\n").ToString();
    }

    /// <summary>PuTTY's format, version 2, without a passphrase (PuTTY manual, appendix C).</summary>
    private static string Ppk(SshPublicKey publicKey, string comment, byte[] privateBlob)
    {
        var macInput = new SshWriter().Text(publicKey.Algorithm).Text("none").Text(comment).Bytes(publicKey.Blob).Bytes(privateBlob).ToArray();
        var macKey = SHA1.HashData("putty-private-key-file-mac-key"u8);
        var text = new StringBuilder($"PuTTY-User-Key-File-2: {publicKey.Algorithm}\nEncryption: none\nComment: {comment}\n");
        AppendBlob(text, "Public", publicKey.Blob);
        AppendBlob(text, "Private", privateBlob);
        return text.Append($"Private-MAC: {Convert.ToHexStringLower(HMACSHA1.HashData(macKey, macInput))}\n").ToString();
    }

    private static void AppendBlob(StringBuilder text, string name, byte[] blob)
    {
        var base64 = Convert.ToBase64String(blob);
        text.Append($"{name}-Lines: {(base64.Length + PpkLineLength - 1) / PpkLineLength}\n");
        AppendLines(text, base64, PpkLineLength);
    }

    private static void AppendLines(StringBuilder text, string base64, int width)
    {
        for (var i = 0; i < base64.Length; i += width)
            text.Append(base64.AsSpan(i, Math.Min(width, base64.Length - i))).Append('\n');
    }
}
