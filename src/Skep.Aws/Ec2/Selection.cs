using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Which resources a Describe operation looks at: all, or those named.</summary>
internal static class Selection
{
    /// <summary>
    /// The account's resources of a kind in the call's region, ordered by id from after a position on; only those named
    /// when ids are given, each of which must exist.
    /// </summary>
    /// <exception cref="AwsException">What <paramref name="notFound"/> makes of the ids that do not exist.</exception>
    public static IEnumerable<T> Of<T>(
        AwsCall call, Kind<T> kind, IReadOnlyList<string>? ids, string? after, Func<IReadOnlyList<string>, AwsException> notFound)
        where T : ResourceObject
    {
        if (ids is null or { Count: 0 })
            return call.List(kind, after);
        call.Subjects.AddRange(ids);
        var missing = ids.Where(id => call.Find(kind, id) is null).Distinct(StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            throw notFound(missing);
        return ids
            .Distinct(StringComparer.Ordinal)
            .Where(id => after is null || string.CompareOrdinal(id, after) > 0)
            .Order(StringComparer.Ordinal)
            .Select(id => call.Find(kind, id)!);
    }
}
