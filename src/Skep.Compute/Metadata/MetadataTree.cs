namespace Skep.Compute.Metadata;

/// <summary>
/// The values below <c>/latest/</c> for one instance, by path. A path that is a prefix of others is a directory and
/// answers with a listing: one name a line, directories with a trailing slash.
/// </summary>
internal sealed class MetadataTree
{
    private readonly SortedDictionary<string, string> _leaves = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _listingNames = [];

    /// <summary>Adds a value; null adds nothing, so that a leaf is never listed without one.</summary>
    public void Add(string path, string? value)
    {
        if (value is not null)
            _leaves[path] = value;
    }

    /// <summary>Shows a directory's child under another name in listings (public-keys lists "0=name").</summary>
    public void ListAs(string childPath, string name) => _listingNames[childPath] = name;

    /// <summary>The value of a leaf or the listing of a directory; null when there is neither.</summary>
    public string? Find(string path)
    {
        var trimmed = path.TrimEnd('/');
        if (_leaves.TryGetValue(trimmed, out var value))
            return value;
        var prefix = trimmed.Length == 0 ? "" : trimmed + "/";
        var names = _leaves.Keys
            .Where(leaf => leaf.StartsWith(prefix, StringComparison.Ordinal))
            .Select(leaf => NameBelow(prefix, leaf))
            .Distinct()
            .ToList();
        return names.Count == 0 ? null : string.Join('\n', names);
    }

    private string NameBelow(string prefix, string leaf)
    {
        var slash = leaf.IndexOf('/', prefix.Length);
        var child = slash < 0 ? leaf : leaf[..slash];
        if (_listingNames.TryGetValue(child, out var name))
            return name;
        return slash < 0 ? child[prefix.Length..] : child[prefix.Length..] + "/";
    }
}
