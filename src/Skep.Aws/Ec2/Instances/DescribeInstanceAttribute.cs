using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Shows one attribute of an instance.</summary>
internal sealed class DescribeInstanceAttribute : AwsOperation<DescribeInstanceAttributeRequest, InstanceAttribute>
{
    /// <inheritdoc/>
    protected override ValueTask<InstanceAttribute> HandleAsync(DescribeInstanceAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var id = request.InstanceId;
        call.Subjects.Add(id);
        var instance = call.Find(ComputeKinds.Instance, id) ?? throw Ec2Errors.InstanceNotFound(id);
        var spec = instance.Spec;
        var answer = new InstanceAttribute { InstanceId = id };
        switch (request.Attribute)
        {
            case "instanceType":
                answer.InstanceType = Text(spec.InstanceType);
                break;
            case "userData":
                answer.UserData = Text(UserData(spec.UserDataSecret, call));
                break;
            case "disableApiTermination":
                answer.DisableApiTermination = Flag(spec.DisableApiTermination);
                break;
            case "disableApiStop":
                answer.DisableApiStop = Flag(spec.DisableApiStop);
                break;
            case "instanceInitiatedShutdownBehavior":
                answer.InstanceInitiatedShutdownBehavior = Text(spec.InstanceInitiatedShutdownBehavior);
                break;
            case "rootDeviceName":
                answer.RootDeviceName = Text(spec.RootDeviceName);
                break;
            case "ebsOptimized":
                answer.EbsOptimized = Flag(spec.EbsOptimized);
                break;
            case "enaSupport":
                answer.EnaSupport = Flag(false);
                break;
            case "enclaveOptions":
                answer.EnclaveOptions = new EnclaveOptions { Enabled = false };
                break;
            case "productCodes":
                answer.ProductCodes = [];
                break;
            case "kernel":
                answer.KernelId = Text(null);
                break;
            case "ramdisk":
                answer.RamdiskId = Text(null);
                break;
            case "sriovNetSupport":
                answer.SriovNetSupport = Text(null);
                break;
            default:
                var wire = new InstanceMapper(call).Map(instance);
                answer.BlockDeviceMappings = request.Attribute is "blockDeviceMapping" ? wire.BlockDeviceMappings : null;
                answer.Groups = request.Attribute is "groupSet" ? wire.SecurityGroups : null;
                answer.SourceDestCheck = request.Attribute is "sourceDestCheck" ? Flag(wire.SourceDestCheck ?? true) : null;
                break;
        }

        return new(answer);
    }

    private static string? UserData(string? secret, AwsCall call) =>
        secret is not null && call.Find(CoreKinds.Secret, secret)?.Data?.GetValueOrDefault(UserDataSecret.DataKey) is { } bytes
            ? Convert.ToBase64String(bytes)
            : null;

    private static AttributeValue Text(string? value) => new() { Value = value };

    private static AttributeBooleanValue Flag(bool value) => new() { Value = value };
}
