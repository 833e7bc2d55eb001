using System.Security.Cryptography;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// The key that documents of sensitive kinds are encrypted with: 32 random bytes as base64 in a file that only its owner
/// can read.
/// </summary>
internal sealed class SecretsKey
{
    /// <summary>Bytes of a key id.</summary>
    public const int IdSize = 8;

    private const int KeySize = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private SecretsKey(byte[] key)
    {
        Key = key;
        Id = SHA256.HashData([.. "skep secrets key id"u8, .. key])[..IdSize];
    }

    /// <summary>The AES-256 key.</summary>
    public byte[] Key { get; }

    /// <summary>Tells keys apart without giving anything away; stored with every record.</summary>
    public byte[] Id { get; }

    /// <summary>Reads the key file; null when there is none.</summary>
    /// <exception cref="IOException">The file is not a key, or others may read it.</exception>
    public static SecretsKey? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var mode = File.GetUnixFileMode(path);
        if ((mode & ~(OwnerOnly | UnixFileMode.UserExecute)) != UnixFileMode.None)
            throw new IOException($"{path} has mode {Convert.ToString((int)mode, 8)}: only its owner may read it; after making sure nobody did, run: chmod 600 {path}");
        var bytes = new byte[KeySize + 3];
        var text = File.ReadAllText(path).Trim();
        if (!Convert.TryFromBase64String(text, bytes, out var count) || count != KeySize)
            throw new IOException($"{path} is not a secrets key: it must hold {KeySize} bytes in base64; restore it from the backup of the data directory");
        return new SecretsKey(bytes[..KeySize]);
    }

    /// <summary>Makes a key and its file, durably: what is encrypted with it is worthless without it.</summary>
    public static SecretsKey Create(string path)
    {
        var key = new SecretsKey(RandomNumberGenerator.GetBytes(KeySize));
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(temporary, options))
        {
            file.Write([.. System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(key.Key)), (byte)'\n']);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: false);
        NativeFile.SyncDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        return key;
    }
}
