using System.Collections;
using Skep.Aws.Protocol;

namespace Skep.Aws.Filters;

/// <summary>
/// Finds the member that a filter's name means: names are compared by their letters, lower-cased and singular, once
/// whole, once with the item's own name in front ("instance-state-name" is State.Name of an Instance), and at last by
/// the last part alone when only one member has it.
/// </summary>
internal sealed class FilterPaths
{
    private const int DepthMax = 5;

    private readonly string _itemName;
    private readonly List<(string Key, string Last, IReadOnlyList<Member> Path)> _leaves = [];

    public FilterPaths(Shape item)
    {
        _itemName = Normalize(item.Name);
        Collect(item, "", []);
    }

    /// <summary>The path from the item to the values, or null.</summary>
    public IReadOnlyList<Member>? Find(string filter)
    {
        var key = string.Concat(filter.Split('.').Select(Normalize));
        var last = Normalize(filter.Split('.')[^1]);
        return One(l => l.Key == key)
            ?? One(l => _itemName + l.Key == key)
            ?? One(l => filter.Contains('.', StringComparison.Ordinal) && l.Key.Length > key.Length && l.Last == last && StartsAlike(l.Path, filter))
            ?? One(l => l.Last == key)
            ?? One(l => l.Last == last);
    }

    /// <summary>The values at a path, as filters compare them.</summary>
    public static IEnumerable<string?> Values(Structure item, IReadOnlyList<Member> path) => Values(item, path, 0);

    private static IEnumerable<string?> Values(object? value, IReadOnlyList<Member> path, int depth)
    {
        switch (value)
        {
            case Structure structure when depth < path.Count:
                return Values(structure.Slots[path[depth].Slot], path, depth + 1);
            case IList list:
                return list.Cast<object?>().SelectMany(v => Values(v, path, depth));
            default:
                return [FilterTable.Text(value)];
        }
    }

    /// <summary>"block-device-mapping.volume-id" starts at the member BlockDeviceMappings.</summary>
    private static bool StartsAlike(IReadOnlyList<Member> path, string filter) =>
        Normalize(path[0].Name) == Normalize(filter.Split('.')[0]) || Normalize(path[0].NameOut) == Normalize(filter.Split('.')[0]);

    private IReadOnlyList<Member>? One(Func<(string Key, string Last, IReadOnlyList<Member> Path), bool> predicate)
    {
        // Several names of one path count once; several paths are no answer.
        IReadOnlyList<Member>? found = null;
        foreach (var leaf in _leaves.Where(predicate))
        {
            if (found is not null && !found.SequenceEqual(leaf.Path))
                return null;
            found = leaf.Path;
        }

        return found;
    }

    private void Collect(Shape shape, string prefix, List<Member> path)
    {
        if (path.Count >= DepthMax)
            return;
        foreach (var member in shape.Members)
        {
            List<Member> here = [.. path, member];
            foreach (var name in new[] { Normalize(member.Name), Normalize(member.NameOut) }.Distinct(StringComparer.Ordinal))
            {
                var inner = member.Shape;
                while (inner.Type is ShapeType.List)
                    inner = inner.Element!;
                if (inner.Type is ShapeType.Structure)
                    Collect(inner, prefix + name, here);
                else
                    _leaves.Add((prefix + name, name, here));
            }
        }
    }

    /// <summary>Letters and digits, lower-cased, without a plural's end.</summary>
    private static string Normalize(string name)
    {
        var text = string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        if (text.EndsWith("set", StringComparison.Ordinal) && text.Length > 5)
            text = text[..^3];
        if (text.EndsWith("ies", StringComparison.Ordinal))
            return text[..^3] + "y";
        return text.EndsWith("sses", StringComparison.Ordinal) ? text[..^2]
            : text.EndsWith('s') && !text.EndsWith("ss", StringComparison.Ordinal) ? text[..^1] : text;
    }
}
