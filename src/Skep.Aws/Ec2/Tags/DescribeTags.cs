using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Tags;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists the tags of all resources.</summary>
internal sealed class DescribeTags : DescribeOperation<DescribeTagsRequest, DescribeTagsResult, TagDescription>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<TagDescription>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<TagDescription>>(StringComparer.Ordinal)
        {
            ["key"] = (t, _) => [t.Key],
            ["value"] = (t, _) => [t.Value],
            ["resource-id"] = (t, _) => [t.ResourceId],
            ["resource-type"] = (t, _) => [t.ResourceType],
        };

    /// <inheritdoc/>
    protected override IEnumerable<TagDescription> Items(DescribeTagsRequest request, AwsCall call, string? after) =>
        TaggedKind.All
            .SelectMany(kind => kind.List(call), (kind, resource) => (kind, resource))
            .SelectMany(r => r.resource.Tags, (r, tag) => new TagDescription
            {
                ResourceId = r.resource.Id,
                ResourceType = r.kind.ResourceType,
                Key = tag.Key,
                Value = tag.Value,
            })
            .Where(t => after is null || string.CompareOrdinal(KeyOf(t), after) > 0)
            .OrderBy(KeyOf, StringComparer.Ordinal);

    /// <inheritdoc/>
    protected override string KeyOf(TagDescription item) => $"{item.ResourceId} {item.Key}";

    /// <inheritdoc/>
    protected override DescribeTagsResult Respond(List<TagDescription> items, AwsCall call) => new() { Tags = items };
}
