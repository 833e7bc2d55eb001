using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Tags;

namespace Skep.Aws.Ec2;

/// <summary>Adds or overwrites tags of resources: of all that are named, or of none.</summary>
internal sealed class CreateTags : AwsAction<CreateTagsRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(CreateTagsRequest request, AwsCall call, CancellationToken ct)
    {
        foreach (var id in request.Resources.Distinct(StringComparer.Ordinal))
        {
            TaggedKind.OfId(id).Change(call, id, tags =>
            {
                foreach (var tag in request.Tags)
                    Tagging.Add(tags, tag);
            });
        }

        return ValueTask.CompletedTask;
    }
}
