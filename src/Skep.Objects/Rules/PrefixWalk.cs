namespace Skep.Objects.Rules;

/// <summary>
/// Rows in order of their keys' bytes, from a position that can be moved. A key may have several rows.
/// </summary>
internal interface IRowCursor<out T>
{
    /// <summary>Moves before the first row whose key is not less than the given one.</summary>
    void Seek(ReadOnlySpan<byte> key);

    /// <summary>Goes to the next row; false after the last.</summary>
    bool Next();

    /// <summary>The row's key; valid until the next move.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>The row.</summary>
    T Read();
}

/// <summary>Lists with prefix and delimiter. A common prefix costs one seek, whatever is below it.</summary>
internal static class PrefixWalk
{
    /// <summary>Collects a page.</summary>
    /// <param name="rows">The rows. Must be positioned already when <paramref name="isPositioned"/>: within a key.</param>
    /// <param name="prefix">Only keys that begin so.</param>
    /// <param name="delimiter">Empty for none.</param>
    /// <param name="after">Only keys and common prefixes after this one.</param>
    /// <param name="isPositioned">The rows stand where the page begins.</param>
    /// <param name="max">Rows and common prefixes at most.</param>
    public static WalkPage<T> Run<T>(IRowCursor<T> rows, string prefix, string delimiter, string? after, bool isPositioned, int max)
    {
        var prefixBytes = Keys.EncodeAny(prefix);
        var delimiterBytes = Keys.EncodeAny(delimiter);
        var found = new List<T>();
        var prefixes = new List<string>();
        if (max <= 0)
            return new WalkPage<T>(found, prefixes, IsTruncated: false, LastPrefix: null);
        Begin(rows, prefixBytes, delimiterBytes, after is null ? null : Keys.EncodeAny(after), isPositioned);
        string? lastPrefix = null;
        while (rows.Next())
        {
            var key = rows.Key;
            if (!key.StartsWith(prefixBytes))
                break;
            if (found.Count + prefixes.Count >= max)
                return new WalkPage<T>(found, prefixes, IsTruncated: true, lastPrefix);
            var common = CommonPrefix(key, prefixBytes.Length, delimiterBytes);
            if (common.Length > 0)
            {
                lastPrefix = Keys.Decode(common);
                prefixes.Add(lastPrefix);
                rows.Seek(Keys.After(common));
            }
            else
            {
                lastPrefix = null;
                found.Add(rows.Read());
            }
        }

        return new WalkPage<T>(found, prefixes, IsTruncated: false, LastPrefix: null);
    }

    private static void Begin<T>(IRowCursor<T> rows, byte[] prefix, byte[] delimiter, byte[]? after, bool isPositioned)
    {
        if (after is null || after.AsSpan().SequenceCompareTo(prefix) < 0)
        {
            rows.Seek(prefix);
            return;
        }

        var common = after.AsSpan().StartsWith(prefix) ? CommonPrefix(after, prefix.Length, delimiter) : default;
        if (common.Length > 0)
            rows.Seek(Keys.After(common)); // the page before ended with it, or inside of it: it was listed
        else if (!isPositioned)
            rows.Seek([.. after, 0]); // the least that is greater
    }

    private static ReadOnlySpan<byte> CommonPrefix(ReadOnlySpan<byte> key, int prefixLength, byte[] delimiter)
    {
        if (delimiter.Length == 0)
            return default;
        var at = key[prefixLength..].IndexOf(delimiter);
        return at < 0 ? default : key[..(prefixLength + at + delimiter.Length)];
    }
}

/// <summary>A page.</summary>
/// <param name="Rows">The rows that were not rolled up.</param>
/// <param name="Prefixes">The common prefixes.</param>
/// <param name="IsTruncated">Whether there is more.</param>
/// <param name="LastPrefix">The common prefix that the page ends with; null when it ends with a row.</param>
internal sealed record WalkPage<T>(List<T> Rows, List<string> Prefixes, bool IsTruncated, string? LastPrefix);
