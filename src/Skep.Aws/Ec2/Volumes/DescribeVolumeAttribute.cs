using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;

namespace Skep.Aws.Ec2;

/// <summary>Shows one attribute of a volume.</summary>
internal sealed class DescribeVolumeAttribute : AwsOperation<DescribeVolumeAttributeRequest, DescribeVolumeAttributeResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DescribeVolumeAttributeResult> HandleAsync(DescribeVolumeAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForReading(call, request.VolumeId);
        var answer = new DescribeVolumeAttributeResult { VolumeId = request.VolumeId };
        if (request.Attribute is "autoEnableIO")
            answer.AutoEnableIO = new AttributeBooleanValue { Value = volume.Spec.AutoEnableIO };
        else
            answer.ProductCodes = [];
        return new(answer);
    }
}
