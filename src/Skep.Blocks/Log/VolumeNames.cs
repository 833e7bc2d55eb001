namespace Skep.Blocks.Log;

/// <summary>The keys of a volume's objects (docs/block-format.md, "Objects").</summary>
internal static class VolumeNames
{
    public const int NameLengthMax = 256;

    public static string Identity(string volume) => $"{volume}/volume";

    public static string Head(string volume) => $"{volume}/head";

    public static string Fences(string volume) => $"{volume}/fence/";

    public static string Fence(string volume, ulong number) => $"{volume}/fence/{number:x16}";

    /// <summary>Exists while the volume is being deleted.</summary>
    public static string Deleted(string volume) => $"{volume}/deleted";

    public static string Records(string volume) => $"{volume}/log/";

    public static string Record(string volume, ulong number) => $"{volume}/log/{number:x16}";

    public static string Checkpoints(string volume) => $"{volume}/checkpoint/";

    public static string Checkpoint(string volume, ulong number) => $"{volume}/checkpoint/{number:x16}";

    public static string Snapshots(string volume) => $"{volume}/snapshot/";

    public static string Snapshot(string volume, ulong number) => $"{volume}/snapshot/{number:x16}";

    public static string DataPrefix(string volume) => $"{volume}/data/";

    public static string Data(string volume, uint epoch, uint number) => $"{volume}/data/{epoch:x8}-{number:x16}";

    /// <summary>The number at the end of a key of records, checkpoints or snapshots.</summary>
    public static bool TryParseNumber(string prefix, string key, out ulong number)
    {
        number = 0;
        return key.Length == prefix.Length + 16 && ulong.TryParse(key.AsSpan(prefix.Length), System.Globalization.NumberStyles.AllowHexSpecifier, null, out number);
    }

    /// <summary>The epoch and number in a data object's key.</summary>
    public static bool TryParseData(string volume, string key, out uint epoch, out uint number)
    {
        (epoch, number) = (0, 0);
        var name = key.AsSpan(DataPrefix(volume).Length);
        return name.Length == 25 && name[8] == '-' &&
            uint.TryParse(name[..8], System.Globalization.NumberStyles.AllowHexSpecifier, null, out epoch) &&
            uint.TryParse(name[9..], System.Globalization.NumberStyles.AllowHexSpecifier, null, out number);
    }

    /// <summary>Fails for a name that no key may have.</summary>
    public static void Check(string volume)
    {
        if (volume.Length is 0 or > NameLengthMax || volume.StartsWith('/') || volume.EndsWith('/') ||
            volume.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-' or '/')))
            throw new ArgumentException($"the volume name \"{volume}\" is not 1 to {NameLengthMax} characters of a-z A-Z 0-9 . _ - /", nameof(volume));
    }

    /// <summary>Fails for a snapshot id that is not plain.</summary>
    public static void CheckSnapshot(string id)
    {
        if (id.Length is 0 or > NameLengthMax || id.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')))
            throw new ArgumentException($"the snapshot id \"{id}\" is not 1 to {NameLengthMax} characters of a-z A-Z 0-9 . _ -", nameof(id));
    }
}
