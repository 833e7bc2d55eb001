namespace Skep.Blocks.Files;

/// <summary>Which names a flat directory takes.</summary>
public static class BlockFileName
{
    /// <summary>Longest name in bytes: NAME_MAX of Linux' file systems.</summary>
    public const int LengthMax = 255;

    /// <summary>Refuses a name that would leave the directory or that a file system cannot hold.</summary>
    /// <exception cref="ArgumentException">The name is not one: the caller has a defect.</exception>
    public static void Check(string name)
    {
        if (name is "" or "." or ".." || name.AsSpan().IndexOfAny('/', '\0') >= 0
            || System.Text.Encoding.UTF8.GetByteCount(name) > LengthMax)
        {
            throw new ArgumentException($"'{name}' is no name of a file: 1 to {LengthMax} bytes without / are", nameof(name));
        }
    }
}
