using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Compute.KeyPairs;

/// <summary>
/// An SSH public key of a type that EC2 takes: RSA of 1024, 2048, 3072 or 4096 bits and more, or Ed25519. Blob format:
/// RFC 4253 section 6.6, RFC 8709 section 4.
/// </summary>
public sealed class SshPublicKey
{
    private const string Rsa = "ssh-rsa";
    private const string Ed = "ssh-ed25519";
    private const int MaterialMax = 64 * 1024;
    private const int RsaBitsMin = 1024;
    private const int RsaBitsMax = 16_384;

    private SshPublicKey(string algorithm, byte[] blob, string comment)
    {
        Algorithm = algorithm;
        Blob = blob;
        Comment = comment;
    }

    /// <summary>"ssh-rsa" or "ssh-ed25519".</summary>
    public string Algorithm { get; }

    /// <summary>EC2's name of the type: "rsa" or "ed25519".</summary>
    public string KeyType => Algorithm == Rsa ? "rsa" : "ed25519";

    /// <summary>What the key was called by whoever made it; may be empty.</summary>
    public string Comment { get; }

    internal byte[] Blob { get; }

    /// <summary>The key in OpenSSH's one-line form with a comment.</summary>
    public string ToLine(string comment) => $"{Algorithm} {Convert.ToBase64String(Blob)} {comment}".TrimEnd();

    /// <summary>
    /// The fingerprint that EC2 shows for an imported key: RSA: MD5 of the DER public key, in hex with colons; Ed25519:
    /// SHA-256 of the SSH blob in base64, as ssh-keygen prints it.
    /// </summary>
    public string ImportedFingerprint() => Algorithm == Rsa
        ? Hex(MD5.HashData(ToRsa().ExportSubjectPublicKeyInfo()))
        : Convert.ToBase64String(SHA256.HashData(Blob));

    /// <summary>Reads a key in OpenSSH's one-line form, RFC 4716's form, PEM (RSA), or the bare base64 of one of these.</summary>
    /// <exception cref="FormatException">It is none of them; the message says what was wrong.</exception>
    public static SshPublicKey Parse(ReadOnlySpan<byte> material)
    {
        if (material.Length > MaterialMax)
            throw new FormatException($"the key has {material.Length} bytes, more than {MaterialMax}");
        var text = Encoding.UTF8.GetString(material).Trim();
        if (text.StartsWith("---- BEGIN SSH2 PUBLIC KEY ----", StringComparison.Ordinal))
            return FromBlob(Decode(Rfc4716Body(text)), "");
        if (text.StartsWith("-----BEGIN ", StringComparison.Ordinal))
            return FromPem(text);
        var words = text.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 1)
            return FromBlob(Decode(words[0]), "");
        if (words.Length < 2 || words[0] is not (Rsa or Ed))
            throw new FormatException($"the key starts with \"{(words.Length == 0 ? "" : words[0][..Math.Min(words[0].Length, 40)])}\", expected ssh-rsa or ssh-ed25519");
        var key = FromBlob(Decode(words[1]), words.Length > 2 ? words[2].Split('\n')[0].Trim() : "");
        return key.Algorithm == words[0] ? key : throw new FormatException($"the key says {words[0]} and contains {key.Algorithm}");
    }

    internal static SshPublicKey OfRsa(RSAParameters key, string comment) =>
        new(Rsa, new SshWriter().Text(Rsa).MPInt(key.Exponent).MPInt(key.Modulus).ToArray(), comment);

    internal static SshPublicKey OfEd25519(ReadOnlySpan<byte> publicKey, string comment) =>
        new(Ed, new SshWriter().Text(Ed).Bytes(publicKey).ToArray(), comment);

    internal static string Hex(byte[] hash) => string.Join(':', hash.Select(b => b.ToString("x2")));

    private static SshPublicKey FromPem(string text)
    {
        try
        {
            using var rsa = RSA.Create();
            if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
                throw new FormatException("this is a private key; give the public key");
            rsa.ImportFromPem(text);
            return FromBlob(OfRsa(rsa.ExportParameters(includePrivateParameters: false), "").Blob, "");
        }
        catch (Exception ex) when (ex is ArgumentException or CryptographicException)
        {
            throw new FormatException("the PEM text does not hold an RSA public key", ex);
        }
    }

    private static string Rfc4716Body(string text)
    {
        var body = new StringBuilder();
        var isHeaderContinued = false;
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => !l.StartsWith("----", StringComparison.Ordinal)))
        {
            if (isHeaderContinued || line.Contains(':', StringComparison.Ordinal))
                isHeaderContinued = line.EndsWith('\\');
            else
                body.Append(line);
        }

        return body.ToString();
    }

    private static byte[] Decode(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException ex)
        {
            throw new FormatException("the key is not valid base64", ex);
        }
    }

    private static SshPublicKey FromBlob(byte[] blob, string comment)
    {
        ReadOnlySpan<byte> rest = blob;
        var algorithm = Encoding.ASCII.GetString(Next(ref rest));
        switch (algorithm)
        {
            case Rsa:
                var exponent = Next(ref rest);
                var modulus = Next(ref rest).TrimStart((byte)0);
                if (exponent.Length is 0 or > 8 || modulus.Length * 8 is < RsaBitsMin or > RsaBitsMax)
                    throw new FormatException($"the RSA key has {modulus.Length * 8} bits, expected {RsaBitsMin} to {RsaBitsMax}");
                break;
            case Ed:
                if (Next(ref rest).Length != Ed25519.KeyLength)
                    throw new FormatException("the Ed25519 key does not have 32 bytes");
                break;
            default:
                throw new FormatException($"keys of type \"{algorithm[..Math.Min(algorithm.Length, 40)]}\" are not supported, use ssh-rsa or ssh-ed25519");
        }

        return rest.IsEmpty ? new SshPublicKey(algorithm, blob, comment) : throw new FormatException("bytes follow the end of the key");
    }

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 4)
            throw new FormatException("the key is cut short");
        var field = rest.Slice(4, (int)length);
        rest = rest[(4 + (int)length)..];
        return field;
    }

    private RSA ToRsa()
    {
        ReadOnlySpan<byte> rest = Blob;
        Next(ref rest);
        var exponent = Next(ref rest).TrimStart((byte)0).ToArray();
        var modulus = Next(ref rest).TrimStart((byte)0).ToArray();
        return RSA.Create(new RSAParameters { Exponent = exponent, Modulus = modulus });
    }
}
