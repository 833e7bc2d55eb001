using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Core.Resources;
using Skep.Linux;

namespace Skep.Core.Identity.Bootstrap;

/// <summary>
/// The first user's credentials, as kept in <c>credentials.json</c> for the verbs of the program and for
/// <c>skep env</c>. Removing the file and restarting the daemon replaces them.
/// </summary>
public sealed record AdminCredentials
{
    /// <summary>The name of the file in the data directory.</summary>
    public const string FileName = "credentials.json";

    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>AWS's alphabet less "+" and "/", which only cause trouble in files and shells; 40 of them have 238 bits.</summary>
    private const string SecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private const int AccessKeySuffixLength = 16;
    private const int SecretLength = 40;
    private const int TokenLength = 48;

    /// <summary>The user they belong to.</summary>
    public required string UserName { get; init; }

    /// <summary>The account's 12-digit id.</summary>
    public required string AccountId { get; init; }

    /// <summary>The region to use.</summary>
    public required string Region { get; init; }

    /// <summary>AKIA and 16 letters and digits.</summary>
    public required string AccessKeyId { get; init; }

    /// <summary>40 letters and digits.</summary>
    public required string SecretAccessKey { get; init; }

    /// <summary>A bearer token.</summary>
    public required string Token { get; init; }

    /// <summary>Reads the file; null when there is none.</summary>
    /// <exception cref="IdentityException">It is not what this program wrote.</exception>
    public static AdminCredentials? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), BootstrapJson.Default.AdminCredentials)
                ?? throw new IdentityException($"{path} is empty: remove it and restart the daemon to have new credentials made");
        }
        catch (JsonException ex)
        {
            throw new IdentityException($"{path} cannot be read ({ex.Message}): remove it and restart the daemon to have new credentials made");
        }
    }

    /// <summary>Reads the file, or makes new credentials and writes it, readable by the owner alone.</summary>
    public static AdminCredentials ReadOrCreate(string path, string accountId, string region, IIdSource ids)
    {
        if (Read(path) is { } known)
            return known;
        var made = new AdminCredentials
        {
            UserName = BootstrapResources.AdminName,
            AccountId = accountId,
            Region = region,
            AccessKeyId = "AKIA" + Letters(ids, Base32Alphabet, AccessKeySuffixLength),
            SecretAccessKey = Letters(ids, SecretAlphabet, SecretLength),
            Token = "skep_" + Letters(ids, SecretAlphabet, TokenLength),
        };
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(made, BootstrapJson.Default.AdminCredentials), AtomicFile.OwnerOnly);
        return made;
    }

    /// <summary>An IAM unique id such as AIDA….</summary>
    internal static string NewUniqueId(string prefix, IIdSource ids) => prefix + Letters(ids, Base32Alphabet, 17);

    /// <summary>Never printed: a record's own form would show the secrets.</summary>
    public override string ToString() => $"credentials of {UserName}, access key {AccessKeyId}";

    private static string Letters(IIdSource ids, string alphabet, int count)
    {
        // Bytes past the largest multiple of the alphabet are thrown away, so that every letter is equally likely.
        var limit = 256 - (256 % alphabet.Length);
        Span<char> letters = stackalloc char[count];
        Span<byte> bytes = stackalloc byte[count];
        for (var i = 0; i < count;)
        {
            ids.Fill(bytes);
            foreach (var value in bytes)
            {
                if (value < limit && i < count)
                    letters[i++] = alphabet[value % alphabet.Length];
            }
        }

        var text = new string(letters);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}

/// <summary>Serializer metadata of the bootstrap's files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AdminCredentials))]
internal sealed partial class BootstrapJson : JsonSerializerContext;
