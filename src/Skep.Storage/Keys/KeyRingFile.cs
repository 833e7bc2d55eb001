using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Blocks.Keys;
using Skep.Linux;

namespace Skep.Storage.Keys;

/// <summary>
/// The key ring of volumes and snapshots: a JSON file that only its owner can read. Without it nothing encrypted can be
/// read, so it belongs into the backup of the data directory. Keys are only ever added; which one is current may change.
/// </summary>
public static class KeyRingFile
{
    /// <summary>The file's name in the data directory.</summary>
    public const string FileName = "volume-keys.json";

    private const UnixFileMode Allowed = AtomicFile.OwnerOnly;

    /// <summary>Of two that find no file one makes it; otherwise the first would have wrapped with a key that is overwritten.</summary>
    private static readonly Lock _creation = new();

    /// <summary>Reads the ring; makes one with a first key when there is no file.</summary>
    /// <exception cref="IOException">The file is no key ring, or others may read it.</exception>
    public static KeyRing ReadOrCreate(string path, TimeProvider time)
    {
        lock (_creation)
        {
            if (!File.Exists(path))
                Write(path, AddKey(new KeyRingDocument(), time));
            return Read(path);
        }
    }

    /// <summary>Reads the ring.</summary>
    /// <exception cref="IOException">There is no such file, it is no key ring, or others may read it.</exception>
    public static KeyRing Read(string path) => ToRing(path, ReadDocument(path));

    /// <summary>Adds a new key and makes it current; what was wrapped with older keys can be read still.</summary>
    /// <returns>The new key's id.</returns>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static string AddKey(string path, TimeProvider time)
    {
        var document = AddKey(ReadDocument(path), time);
        Write(path, document);
        return document.Current;
    }

    private static KeyRingDocument AddKey(KeyRingDocument document, TimeProvider time)
    {
        // The date tells people which key is which; the random part keeps two keys of one day apart.
        var id = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        var keys = new Dictionary<string, string>(document.Keys) { [id] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyRing.KeyLength)) };
        return new KeyRingDocument { Current = id, Keys = keys };
    }

    private static KeyRingDocument ReadDocument(string path)
    {
        byte[] bytes;
        try
        {
            var mode = File.GetUnixFileMode(path);
            if ((mode & ~Allowed) != UnixFileMode.None)
                throw new IOException($"{path} has mode {Convert.ToString((int)mode, 8)}: only its owner may read it; after making sure nobody did, run: chmod 600 {path}");
            bytes = File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException ex)
        {
            throw new IOException($"the key ring {path} cannot be read: {ex.Message}", ex);
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, KeyRingJson.Default.KeyRingDocument) ?? throw new JsonException("it is empty");
        }
        catch (JsonException ex)
        {
            throw new IOException($"{path} is not a key ring ({ex.Message}); restore it from the backup of the data directory", ex);
        }
    }

    private static KeyRing ToRing(string path, KeyRingDocument document)
    {
        try
        {
            return new KeyRing(document.Current, document.Keys.ToDictionary(k => k.Key, k => Convert.FromBase64String(k.Value)));
        }
        catch (Exception ex) when (ex is ArgumentException or FormatException)
        {
            throw new IOException($"{path} is not a key ring ({ex.Message}); restore it from the backup of the data directory", ex);
        }
    }

    private static void Write(string path, KeyRingDocument document) =>
        AtomicFile.Write(path, [.. JsonSerializer.SerializeToUtf8Bytes(document, KeyRingJson.Default.KeyRingDocument), .. "\n"u8], AtomicFile.OwnerOnly);
}

/// <summary>The file's content.</summary>
internal sealed class KeyRingDocument
{
    /// <summary>The id of the key that wraps new data keys.</summary>
    public string Current { get; init; } = "";

    /// <summary>Keys in base64 by id.</summary>
    public Dictionary<string, string> Keys { get; init; } = [];
}

/// <summary>Serializer metadata of the key ring.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(KeyRingDocument))]
internal sealed partial class KeyRingJson : JsonSerializerContext;
