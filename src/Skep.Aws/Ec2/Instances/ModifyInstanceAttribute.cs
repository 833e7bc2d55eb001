using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>Changes one attribute of an instance, given by its own parameter or, in the older form, by name and value.</summary>
internal sealed class ModifyInstanceAttribute : AwsAction<ModifyInstanceAttributeRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(ModifyInstanceAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var instance = InstanceSelection.ForChange(call, [request.InstanceId])[0];
        FromNameAndValue(request);
        var changes = Changes(request, instance, call).ToList();
        if (changes.Count == 0)
            throw Ec2Errors.InvalidCombination("No attributes specified.");
        if (changes.Count > 1)
            throw Ec2Errors.InvalidCombination("Fields for multiple attribute types specified");
        changes[0]();
        call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.All);
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<Action> Changes(ModifyInstanceAttributeRequest request, InstanceResource instance, AwsCall call)
    {
        var spec = instance.Spec;
        if (request.DisableApiTermination is { } termination)
            yield return () => spec.DisableApiTermination = Required(termination.Value, "DisableApiTermination.Value");
        if (request.DisableApiStop is { } stop)
            yield return () => spec.DisableApiStop = Required(stop.Value, "DisableApiStop.Value");
        if (request.InstanceInitiatedShutdownBehavior is { } behavior)
            yield return () => spec.InstanceInitiatedShutdownBehavior = behavior.Value is "stop" or "terminate"
                ? behavior.Value
                : throw Ec2Errors.InvalidValue("InstanceInitiatedShutdownBehavior", behavior.Value ?? "", "stop or terminate is expected");
        if (request.InstanceType is { } type)
            yield return () => ChangeType(instance, type.Value ?? "", call);
        if (request.UserData is { } userData)
            yield return () => ChangeUserData(instance, userData.Value ?? [], call);
        if (request.EbsOptimized is { } optimized)
            yield return () =>
            {
                RequireStopped(instance);
                spec.EbsOptimized = Required(optimized.Value, "EbsOptimized.Value");
            };
        if (request.SourceDestCheck is { } check)
            yield return () => ChangeInterface(instance, call, nic => nic.Spec.SourceDestCheck = Required(check.Value, "SourceDestCheck.Value"));
        if (request.Groups is { Count: > 0 } groups)
            yield return () => ChangeInterface(instance, call, nic => nic.Spec.Groups = LaunchNetwork.Groups(call, call.Find(NetworkingKinds.Subnet, nic.Spec.SubnetId)!, groups, names: null));
        if (request.BlockDeviceMappings is { Count: > 0 } mappings)
            yield return () => ChangeDevices(instance, mappings, call);
        if (request.EnaSupport is not null || request.SriovNetSupport is not null || request.Kernel is not null || request.Ramdisk is not null)
            throw Ec2Errors.Unsupported("changing enaSupport, sriovNetSupport, kernel or ramdisk");
    }

    /// <summary>Attribute=instanceType, Value=t3.small means InstanceType.Value=t3.small.</summary>
    private static void FromNameAndValue(ModifyInstanceAttributeRequest request)
    {
        if (request.Value is not { } value || request.Attribute is not { } attribute)
            return;
        switch (attribute)
        {
            case "instanceType":
                request.InstanceType = new AttributeValue { Value = value };
                break;
            case "userData":
                request.UserData = new BlobAttributeValue { Value = LaunchPlan.UserDataOf(value) ?? [] };
                break;
            case "instanceInitiatedShutdownBehavior":
                request.InstanceInitiatedShutdownBehavior = new AttributeValue { Value = value };
                break;
            case "disableApiTermination":
                request.DisableApiTermination = Flag(value);
                break;
            case "disableApiStop":
                request.DisableApiStop = Flag(value);
                break;
            case "ebsOptimized":
                request.EbsOptimized = Flag(value);
                break;
            case "sourceDestCheck":
                request.SourceDestCheck = Flag(value);
                break;
            default:
                throw Ec2Errors.InvalidValue("Attribute", attribute, "this attribute cannot be changed by a value");
        }
    }

    private static AttributeBooleanValue Flag(string value) =>
        new() { Value = bool.TryParse(value, out var flag) ? flag : throw Ec2Errors.InvalidValue("Value", value, "true or false is expected") };

    private static void ChangeType(InstanceResource instance, string name, AwsCall call)
    {
        RequireStopped(instance);
        if (call.View.Get(ComputeKinds.InstanceType, "", name) is null)
            throw Ec2Errors.InvalidValue("InstanceType", name, "there is no such instance type");
        instance.Spec.InstanceType = name;
    }

    private static void ChangeUserData(InstanceResource instance, byte[] data, AwsCall call)
    {
        RequireStopped(instance);
        UserDataSecret.Set(call, instance, data);
    }

    private static void ChangeInterface(InstanceResource instance, AwsCall call, Action<NetworkInterfaceResource> change)
    {
        if (instance.Spec.NetworkInterfaces is not [var only] || call.Edit(NetworkingKinds.NetworkInterface, only.NetworkInterfaceId) is not { } nic)
            throw Ec2Errors.InvalidCombination("The instance does not have exactly one network interface; change the interface itself.");
        change(nic);
        call.Transaction.Update(NetworkingKinds.NetworkInterface, nic, WriteScope.All);
    }

    private static void ChangeDevices(InstanceResource instance, List<InstanceBlockDeviceMappingSpecification> mappings, AwsCall call)
    {
        foreach (var mapping in mappings)
        {
            var device = instance.Spec.BlockDevices.Find(d => d.DeviceName == mapping.DeviceName)
                ?? throw Ec2Errors.InvalidBlockDeviceMapping($"The instance has no device '{mapping.DeviceName}'.");
            if (mapping.NoDevice is not null || mapping.VirtualName is not null || mapping.Ebs?.DeleteOnTermination is not { } deletes)
                throw Ec2Errors.InvalidBlockDeviceMapping("Only Ebs.DeleteOnTermination can be changed.");
            device.DeleteOnTermination = deletes;
            if (call.Edit(StorageKinds.Volume, device.VolumeId) is not { Spec.Attachment: { } attachment } volume)
                continue;
            attachment.DeleteOnTermination = deletes;
            call.Transaction.Update(StorageKinds.Volume, volume, WriteScope.All);
        }
    }

    private static void RequireStopped(InstanceResource instance)
    {
        if (InstanceStates.Of(instance) is not States.Stopped)
            throw new Protocol.AwsException("IncorrectInstanceState", 400, $"The instance '{instance.Metadata.Name}' is not in the 'stopped' state.");
    }

    private static bool Required(bool? value, string parameter) => value ?? throw Ec2Errors.Missing(parameter);
}
