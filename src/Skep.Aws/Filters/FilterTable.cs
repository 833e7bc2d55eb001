using System.Collections;
using System.Collections.Frozen;
using System.Globalization;
using Skep.Aws.Protocol;

namespace Skep.Aws.Filters;

/// <summary>
/// The filters of one operation. Most names lead to a member of the item by their letters alone
/// ("block-device-mapping.volume-id" is BlockDeviceMappings[].Ebs.VolumeId); the others are rules of the operation.
/// Immutable; thread-safe.
/// </summary>
internal sealed class FilterTable
{
    /// <summary>Values that one filter may have.</summary>
    private const int ValuesMax = 200;

    /// <summary>Filters that a request may have.</summary>
    private const int FiltersMax = 50;

    private readonly FrozenDictionary<string, FilterRule<Structure>> _rules;
    private readonly IReadOnlyList<Member>? _tagsPath;

    private FilterTable(FrozenDictionary<string, FilterRule<Structure>> rules, IReadOnlyList<Member>? tagsPath)
    {
        _rules = rules;
        _tagsPath = tagsPath;
    }

    /// <summary>Filters that AWS documents for the operation and that lead nowhere here; a test keeps this empty.</summary>
    public IReadOnlyList<string> Unresolved { get; private init; } = [];

    /// <summary>Where each filter that has no rule of its own leads; for tests.</summary>
    public IReadOnlyDictionary<string, string> Paths { get; private init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>Resolves the filters of an operation against the shape of its items.</summary>
    public static FilterTable Make<TItem>(OperationModel operation, Shape item, IReadOnlyDictionary<string, FilterRule<TItem>> overrides)
        where TItem : Structure
    {
        var paths = new FilterPaths(item);
        var rules = new Dictionary<string, FilterRule<Structure>>(StringComparer.Ordinal);
        var unresolved = new List<string>();
        var resolved = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, rule) in overrides)
            rules[name] = (structure, call) => rule((TItem)structure, call);
        foreach (var name in operation.Filters)
        {
            if (rules.ContainsKey(name) || name is "tag" or "tag-key" or "tag-value" || name.StartsWith("tag:", StringComparison.Ordinal))
                continue;
            if (paths.Find(name) is not { } path)
            {
                unresolved.Add(name);
                continue;
            }

            rules[name] = (structure, _) => FilterPaths.Values(structure, path);
            resolved[name] = string.Join('.', path.Select(m => m.Name));
        }

        var tags = item.Find("Tags") ?? item.Find("TagSet");
        return new FilterTable(rules.ToFrozenDictionary(StringComparer.Ordinal), tags is null ? null : [tags]) 
        {
            Unresolved = unresolved,
            Paths = resolved,
        };
    }

    /// <summary>The conditions of a request.</summary>
    /// <param name="filters">A list of Filter structures {Name, Values}, or null.</param>
    /// <exception cref="AwsException">InvalidParameterValue for unknown names; FilterLimitExceeded.</exception>
    public FilterConditions Conditions(IList? filters)
    {
        if (filters is null or { Count: 0 })
            return FilterConditions.None;
        if (filters.Count > FiltersMax)
            throw new AwsException("FilterLimitExceeded", 400, $"The request has {filters.Count} filters; at most {FiltersMax} are allowed.");
        var conditions = new List<FilterCondition>(filters.Count);
        foreach (Structure filter in filters)
        {
            var name = Slot(filter, "Name") as string ?? throw new AwsException("InvalidParameterValue", 400, "A filter has no name.");
            var values = Slot(filter, "Values") as List<string> ?? [];
            if (values.Count == 0)
                throw new AwsException("InvalidParameterValue", 400, $"The filter '{name}' has no values.");
            if (values.Count > ValuesMax)
                throw new AwsException("FilterLimitExceeded", 400, $"The filter '{name}' has {values.Count} values; at most {ValuesMax} are allowed.");
            conditions.Add(new FilterCondition(RuleOf(name), values));
        }

        return new FilterConditions(conditions);
    }

    private FilterRule<Structure> RuleOf(string name)
    {
        if (_rules.TryGetValue(name, out var rule))
            return rule;
        if (_tagsPath is { } path)
        {
            if (name.StartsWith("tag:", StringComparison.Ordinal))
                return (item, _) => Tags(item, path).Where(t => t.Key == name[4..]).Select(t => t.Value);
            if (name == "tag-key")
                return (item, _) => Tags(item, path).Select(t => t.Key);
            if (name == "tag-value")
                return (item, _) => Tags(item, path).Select(t => t.Value);
        }

        throw new AwsException("InvalidParameterValue", 400, $"The filter '{name}' is invalid");
    }

    private static IEnumerable<(string? Key, string? Value)> Tags(Structure item, IReadOnlyList<Member> path)
    {
        if (item.Slots[path[0].Slot] is not IList tags)
            yield break;
        foreach (Structure tag in tags)
            yield return (Slot(tag, "Key") as string, Slot(tag, "Value") as string);
    }

    private static object? Slot(Structure structure, string name) =>
        structure.Shape.Find(name) is { } member ? structure.Slots[member.Slot] : null;

    /// <summary>A value as filters compare it.</summary>
    internal static string? Text(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTimeOffset time => time.UtcDateTime.ToString(ResponseWriter.TimestampFormat, CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };
}
