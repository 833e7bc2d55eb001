using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Vm;

/// <summary>
/// Private keys that this program made, in the data directory's keys folder: a key pair belongs to one cloud, and whoever
/// may use the cloud's credentials may read the folder.
/// </summary>
internal sealed class KeyRing(CliContext context, SkepClient client)
{
    /// <summary>The key pair that is made when none is named.</summary>
    public const string NameDefault = "skep";

    private const int AttemptsMax = 100;
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = PrivateFile | UnixFileMode.UserExecute;

    /// <summary>The folder.</summary>
    public string Folder { get; } = Path.Combine(client.Files.DataDirectory, "keys");

    /// <summary>The private key of a key pair, when this program made it; null otherwise.</summary>
    public string? PrivateKeyOf(string? keyName) =>
        keyName is not null && Path.GetFileName(keyName) == keyName && File.Exists(FileOf(keyName)) ? FileOf(keyName) : null;

    /// <summary>Where the host keys of an instance are remembered; no other instance's are in it.</summary>
    public string KnownHostsOf(string instanceId)
    {
        var folder = Path.Combine(Folder, "known_hosts");
        Directory.CreateDirectory(folder, PrivateFolder);
        return Path.Combine(folder, instanceId);
    }

    /// <summary>
    /// The key pair to start a machine with: the named one, the one of a public key file, or this program's own, which is
    /// made when it does not exist.
    /// </summary>
    /// <returns>Its name.</returns>
    public async Task<string> ChooseAsync(string? keyName, string? publicKeyFile, CancellationToken ct)
    {
        if (publicKeyFile is not null)
            return await ImportAsync(keyName, publicKeyFile, ct);
        return keyName is not null ? await RequireAsync(keyName, ct) : await OwnAsync(ct);
    }

    private string FileOf(string keyName) => Path.Combine(Folder, $"{keyName}.pem");

    private async Task<string> RequireAsync(string keyName, CancellationToken ct)
    {
        var known = await NamesAsync(ct);
        return known.ContainsKey(keyName)
            ? keyName
            : throw new CliException($"there is no key pair \"{keyName}\"", ExitCode.NotFound, known.Count == 0
                ? "Leave --key out to have one made, or pass --public-key FILE to bring your own."
                : $"There are: {string.Join(", ", known.Keys.Order(StringComparer.Ordinal))}; or pass --public-key FILE.");
    }

    private async Task<string> OwnAsync(CancellationToken ct)
    {
        var known = await NamesAsync(ct);
        // A pair of that name may exist without its private half being here: then the next free name is taken.
        for (var i = 1; i <= AttemptsMax; i++)
        {
            var name = i == 1 ? NameDefault : $"{NameDefault}-{i}";
            var hasFile = PrivateKeyOf(name) is not null;
            if (known.ContainsKey(name) && hasFile)
                return name;
            if (known.ContainsKey(name) || hasFile)
                continue;
            await CreateAsync(name, ct);
            return name;
        }

        throw new CliException($"key pairs {NameDefault} to {NameDefault}-{AttemptsMax} exist without their private keys in {Folder}", ExitCode.Conflict, "Pass --key NAME or --public-key FILE.");
    }

    private async Task CreateAsync(string name, CancellationToken ct)
    {
        await using var progress = context.StartProgress($"Making key pair {name}");
        Directory.CreateDirectory(Folder, PrivateFolder);
        var answer = await client.Ec2.CallAsync("CreateKeyPair", [("KeyName", name), ("KeyType", "ed25519")], ct);
        WritePrivate(FileOf(name), answer.TextOf("keyMaterial"));
        progress.Done($"Made key pair {name}: {FileOf(name)}");
    }

    private static void WritePrivate(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = PrivateFile,
        });
        using var writer = new StreamWriter(file);
        // OpenSSH refuses a key without the final newline.
        writer.Write(text.TrimEnd('\n') + "\n");
    }

    private async Task<string> ImportAsync(string? keyName, string publicKeyFile, CancellationToken ct)
    {
        var publicKey = await ReadPublicAsync(publicKeyFile, ct);
        var known = await NamesAsync(ct);
        if (known.FirstOrDefault(k => Body(k.Value) == Body(publicKey)) is { Key: not null } same && (keyName is null || keyName == same.Key))
            return same.Key;
        var name = keyName ?? Path.GetFileNameWithoutExtension(publicKeyFile);
        if (known.ContainsKey(name))
            throw new CliException($"key pair \"{name}\" is another key than {publicKeyFile}", ExitCode.Conflict, "Pass --key NAME with a name that is free.");
        var material = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(publicKey));
        var answer = await client.Ec2.CallAsync("ImportKeyPair", [("KeyName", name), ("PublicKeyMaterial", material)], ct);
        await context.Error.WriteLineAsync($"imported {publicKeyFile} as key pair {answer.TextOf("keyName")}");
        return name;
    }

    private static async Task<string> ReadPublicAsync(string path, CancellationToken ct)
    {
        try
        {
            var text = (await File.ReadAllTextAsync(path, ct)).Trim();
            return text.StartsWith("ssh-", StringComparison.Ordinal) && !text.Contains('\n', StringComparison.Ordinal)
                ? text
                : throw new CliException($"{path} is not an OpenSSH public key of one line (ssh-ed25519 AAAA… or ssh-rsa AAAA…)");
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"{path}: no such file", ExitCode.NotFound);
        }
    }

    // "ssh-ed25519 AAAA… comment" without the comment.
    private static string Body(string publicKey) => string.Join(' ', publicKey.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2));

    private async Task<Dictionary<string, string>> NamesAsync(CancellationToken ct)
    {
        var list = await client.Resources.ListAsync(ApiResource.KeyPairs, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in list.ItemsAt("items"))
            names[pair.TextAt("spec.keyName") ?? pair.Name()] = pair.TextAt("spec.publicKey") ?? "";
        return names;
    }
}
