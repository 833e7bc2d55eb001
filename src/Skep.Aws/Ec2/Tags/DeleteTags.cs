using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Tags;

namespace Skep.Aws.Ec2;

/// <summary>
/// Removes tags: those with a key, those with a key and exactly that value, or all when none is named. Tags that are not
/// there are no error.
/// </summary>
internal sealed class DeleteTags : AwsAction<DeleteTagsRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(DeleteTagsRequest request, AwsCall call, CancellationToken ct)
    {
        foreach (var id in request.Resources.Distinct(StringComparer.Ordinal))
            TaggedKind.OfId(id).Change(call, id, tags => Remove(tags, request.Tags));
        return ValueTask.CompletedTask;
    }

    private static void Remove(Dictionary<string, string> tags, List<Tag>? named)
    {
        if (named is null or { Count: 0 })
        {
            tags.Clear();
            return;
        }

        foreach (var tag in named)
        {
            if (tag.Key is { } key && tags.TryGetValue(key, out var value) && (tag.Value is null || tag.Value == value))
                tags.Remove(key);
        }
    }
}
