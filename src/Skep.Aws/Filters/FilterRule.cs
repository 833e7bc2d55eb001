using System.Collections.Frozen;
using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Filters;

/// <summary>How one filter reads its values from an item: several values match when any does.</summary>
internal delegate IEnumerable<string?> FilterRule<in TItem>(TItem item, AwsCall call);

/// <summary>Helpers for <see cref="FilterRule{TItem}"/>.</summary>
internal static class FilterRules
{
    /// <summary>No rules: all filters follow from the item's members by name.</summary>
    public static IReadOnlyDictionary<string, FilterRule<TItem>> None<TItem>() => FrozenDictionary<string, FilterRule<TItem>>.Empty;

    /// <summary>A filter that AWS has for a feature that no item here can have: it never matches.</summary>
    public static IEnumerable<string?> Nothing(Structure item, AwsCall call) => [];
}
