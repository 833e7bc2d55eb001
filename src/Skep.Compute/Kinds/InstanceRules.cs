using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>What an Instance's document must keep to, whoever writes it.</summary>
internal static class InstanceRules
{
    private const int HopLimitMax = 64;

    private static readonly string[] _runStates = [InstanceRunState.Running, InstanceRunState.Stopped, InstanceRunState.Terminated];
    private static readonly string[] _states =
    [
        InstanceState.Pending, InstanceState.Running, InstanceState.Stopping, InstanceState.Stopped, InstanceState.ShuttingDown, InstanceState.Terminated,
    ];

    /// <summary>The finalizer and the first state, for instances made through kubectl as much as through EC2.</summary>
    public static void Default(Instance instance)
    {
        instance.Status ??= new InstanceStatus();
        if (instance.Metadata.DeletionTimestamp is not null)
            return;
        var finalizers = instance.Metadata.Finalizers ??= [];
        if (!finalizers.Contains(Instance.Finalizer))
            finalizers.Add(Instance.Finalizer);
    }

    /// <summary>The problems of a document.</summary>
    public static IEnumerable<FieldError> Validate(Instance instance, Instance? old)
    {
        var spec = instance.Spec;
        if (spec.ImageId.Length == 0)
            yield return new FieldError("spec.imageId", FieldErrorReason.Required, "the image to start from is required");
        if (spec.InstanceType.Length == 0)
            yield return new FieldError("spec.instanceType", FieldErrorReason.Required, "the instance type is required, for example t3.micro");
        else if (!IsTypeName(spec.InstanceType))
            yield return new FieldError("spec.instanceType", FieldErrorReason.Invalid, $"\"{spec.InstanceType}\" is not an instance type: expected a family, a dot and a size, for example t3.micro");

        foreach (var error in CheckEnums(spec, instance.Status))
            yield return error;
        if (spec.Reboots < (old?.Spec.Reboots ?? 0))
            yield return new FieldError("spec.reboots", FieldErrorReason.Invalid, $"{spec.Reboots} is less than before: reboots are counted up");
        foreach (var error in CheckParts(spec))
            yield return error;
        if (old is not null)
        {
            foreach (var error in CheckUpdate(instance, old))
                yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckEnums(InstanceSpec spec, InstanceStatus? status)
    {
        var options = spec.MetadataOptions;
        var checks = new[]
        {
            OneOf("spec.runState", spec.RunState, _runStates),
            OneOf("spec.instanceInitiatedShutdownBehavior", spec.InstanceInitiatedShutdownBehavior, ["stop", "terminate"]),
            OneOf("spec.monitoring", spec.Monitoring, ["disabled", "enabled", "disabling", "pending"]),
            OneOf("spec.metadataOptions.httpTokens", options.HttpTokens, ["optional", "required"]),
            OneOf("spec.metadataOptions.httpEndpoint", options.HttpEndpoint, ["enabled", "disabled"]),
            OneOf("spec.metadataOptions.instanceMetadataTags", options.InstanceMetadataTags, ["enabled", "disabled"]),
            status is null ? null : OneOf("status.state", status.State, _states),
            options.HttpPutResponseHopLimit is < 1 or > HopLimitMax
                ? new FieldError("spec.metadataOptions.httpPutResponseHopLimit", FieldErrorReason.Invalid, $"{options.HttpPutResponseHopLimit} is not between 1 and {HopLimitMax}")
                : null,
        };
        return checks.OfType<FieldError>();
    }

    private static IEnumerable<FieldError> CheckParts(InstanceSpec spec)
    {
        for (var i = 0; i < spec.BlockDevices.Count; i++)
        {
            var device = spec.BlockDevices[i];
            if (device.VolumeId.Length == 0)
                yield return new FieldError($"spec.blockDevices[{i}].volumeId", FieldErrorReason.Required, "the volume is required");
            if (spec.BlockDevices.Take(i).Any(d => d.DeviceName == device.DeviceName || d.VolumeId == device.VolumeId))
                yield return new FieldError($"spec.blockDevices[{i}]", FieldErrorReason.Duplicate, $"device {device.DeviceName} or volume {device.VolumeId} occurs twice");
        }

        for (var i = 0; i < spec.NetworkInterfaces.Count; i++)
        {
            var nic = spec.NetworkInterfaces[i];
            if (nic.NetworkInterfaceId.Length == 0)
                yield return new FieldError($"spec.networkInterfaces[{i}].networkInterfaceId", FieldErrorReason.Required, "the network interface is required");
            if (spec.NetworkInterfaces.Take(i).Any(n => n.DeviceIndex == nic.DeviceIndex || n.NetworkInterfaceId == nic.NetworkInterfaceId))
                yield return new FieldError($"spec.networkInterfaces[{i}]", FieldErrorReason.Duplicate, $"device index {nic.DeviceIndex} or interface {nic.NetworkInterfaceId} occurs twice");
        }
    }

    private static IEnumerable<FieldError> CheckUpdate(Instance instance, Instance old)
    {
        var (spec, before) = (instance.Spec, old.Spec);
        if (spec.ImageId != before.ImageId)
            yield return Immutable("spec.imageId", before.ImageId);
        if (spec.RootDeviceName != before.RootDeviceName)
            yield return Immutable("spec.rootDeviceName", before.RootDeviceName);
        if (spec.KeyName != before.KeyName)
            yield return Immutable("spec.keyName", before.KeyName ?? "none");
        if (!string.IsNullOrEmpty(before.NodeName) && spec.NodeName != before.NodeName)
            yield return Immutable("spec.nodeName", before.NodeName);
        if (before.RunState == InstanceRunState.Terminated && spec.RunState != InstanceRunState.Terminated)
            yield return new FieldError("spec.runState", FieldErrorReason.Invalid, "a terminated instance cannot be brought back");
        if (spec.InstanceType != before.InstanceType && old.Status is { State: not InstanceState.Stopped })
            yield return new FieldError("spec.instanceType", FieldErrorReason.Forbidden, $"the type can be changed while the instance is stopped; it is {old.Status.State}");
    }

    private static FieldError Immutable(string field, string value) =>
        new(field, FieldErrorReason.Forbidden, $"cannot be changed; it is {(value.Length == 0 ? "empty" : value)}");

    private static FieldError? OneOf(string field, string value, string[] allowed) =>
        allowed.Contains(value) ? null : new FieldError(field, FieldErrorReason.NotSupported, $"\"{value}\" is not one of {string.Join(", ", allowed)}");

    /// <summary>"family.size", each of lower-case letters, digits and dashes: m5.large, u-6tb1.metal.</summary>
    private static bool IsTypeName(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && dot < name.Length - 1 && name.Length <= 32
            && name.Remove(dot, 1).All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
    }
}
