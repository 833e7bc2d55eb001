using System.Globalization;

namespace Skep.Objects.Disk;

/// <summary>Names of data files. Neighbours share a directory, so that one sync covers files that are written together.</summary>
internal static class DataNames
{
    private const int FilesPerDirectoryBits = 12;

    /// <summary>The number of a file's directory: 4,096 ids share one.</summary>
    public static long DirectoryOf(long id) => id >> FilesPerDirectoryBits;

    /// <summary>A number as 16 hexadecimal digits.</summary>
    public static string Format(long number) => number.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The number of a name; null when it is not one.</summary>
    public static long? Parse(ReadOnlySpan<char> name) =>
        name.Length == 16 && long.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
}
