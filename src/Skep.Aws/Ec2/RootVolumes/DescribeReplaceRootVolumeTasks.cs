using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.RootVolumes;
using Skep.Aws.Kinds;

namespace Skep.Aws.Ec2;

/// <summary>Lists replacements of root volumes, those that are over too.</summary>
internal sealed class DescribeReplaceRootVolumeTasks
    : DescribeOperation<DescribeReplaceRootVolumeTasksRequest, DescribeReplaceRootVolumeTasksResult, Model.ReplaceRootVolumeTask>
{
    /// <inheritdoc/>
    protected override (int Min, int Max) PageBounds => (1, 50);

    /// <inheritdoc/>
    protected override IEnumerable<Model.ReplaceRootVolumeTask> Items(DescribeReplaceRootVolumeTasksRequest request, AwsCall call, string? after) =>
        Selection.Of(call, AwsKinds.ReplaceRootVolumeTask, request.ReplaceRootVolumeTaskIds, after, Ec2Errors.ReplaceRootVolumeTaskNotFound)
            .Select(ReplaceRootVolumeMapper.Map);

    /// <inheritdoc/>
    protected override string KeyOf(Model.ReplaceRootVolumeTask item) => item.ReplaceRootVolumeTaskId!;

    /// <inheritdoc/>
    protected override DescribeReplaceRootVolumeTasksResult Respond(List<Model.ReplaceRootVolumeTask> items, AwsCall call) => new() { ReplaceRootVolumeTasks = items };
}
