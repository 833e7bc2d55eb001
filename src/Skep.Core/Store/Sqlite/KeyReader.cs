using System.Text;
using Skep.Core.Resources;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// Reads keys from their stored form "group/resource/namespace/name". Groups, plurals and namespaces repeat in nearly
/// every row, so equal ones become one string.
/// </summary>
internal sealed class KeyReader
{
    private readonly Dictionary<string, string> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _known;

    public KeyReader() => _known = _strings.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The key of a row.</summary>
    /// <exception cref="IOException">The text is not a key.</exception>
    public ResourceKey Read(ReadOnlySpan<byte> utf8)
    {
        Span<Range> parts = stackalloc Range[5];
        var text = Encoding.UTF8.GetString(utf8);
        var span = text.AsSpan();
        if (span.Split(parts, '/') != 4)
            throw new IOException($"the database holds \"{text}\" where a key of the form group/resource/namespace/name should be");
        return new ResourceKey(new GroupResource(Shared(span[parts[0]]), Shared(span[parts[1]])), Shared(span[parts[2]]), span[parts[3]].ToString());
    }

    private string Shared(ReadOnlySpan<char> text)
    {
        if (_known.TryGetValue(text, out var known))
            return known;
        var added = text.ToString();
        _strings.Add(added, added);
        return added;
    }
}
