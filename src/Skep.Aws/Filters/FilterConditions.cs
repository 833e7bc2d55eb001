using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Filters;

/// <summary>One filter of a request: any of its values may match any of the item's.</summary>
internal sealed record FilterCondition(FilterRule<Structure> Rule, List<string> Patterns)
{
    public bool Match(Structure item, AwsCall call)
    {
        foreach (var value in Rule(item, call))
        {
            if (value is null)
                continue;
            foreach (var pattern in Patterns)
            {
                if (Glob.IsMatch(pattern, value))
                    return true;
            }
        }

        return false;
    }
}

/// <summary>All filters of a request: each must match.</summary>
internal sealed class FilterConditions(IReadOnlyList<FilterCondition> conditions)
{
    public static FilterConditions None { get; } = new([]);

    public bool Match(Structure item, AwsCall call)
    {
        foreach (var condition in conditions)
        {
            if (!condition.Match(item, call))
                return false;
        }

        return true;
    }
}
