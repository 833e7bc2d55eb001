using System.Diagnostics.CodeAnalysis;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Agent;

/// <summary>What came of putting a machine together from resources: one of the three members is set.</summary>
/// <param name="Machine">Everything is there.</param>
/// <param name="Waiting">What is still missing and will come.</param>
/// <param name="Failure">What is missing and will not come.</param>
internal sealed record MachineAssembly(MachineConfig? Machine, string? Waiting, string? Failure)
{
    /// <summary>
    /// Puts the machine of an instance together from its type, image, volumes and network interfaces.
    /// </summary>
    /// <param name="view">The state to read.</param>
    /// <param name="key">The instance's key.</param>
    /// <param name="spec">What is wanted.</param>
    /// <param name="needsDevices">False in simulation: there are no files and no devices to wait for.</param>
    public static MachineAssembly From(View view, ResourceKey key, InstanceSpec spec, bool needsDevices)
    {
        if (view.Get(ComputeKinds.InstanceType, "", spec.InstanceType) is not { } type)
            return Failed($"instance type {spec.InstanceType} does not exist");
        var image = view.Get(ComputeKinds.Image, key.Namespace, spec.ImageId) ?? FindPublic(view, spec.ImageId);
        if (spec.BlockDevices.Count > 0 && !spec.BlockDevices.Exists(d => d.DeviceName == spec.RootDeviceName))
            return Failed($"no volume is attached at root ({spec.RootDeviceName})");
        var disks = new List<MachineDisk>();
        foreach (var device in spec.BlockDevices.OrderByDescending(d => d.DeviceName == spec.RootDeviceName))
        {
            if (TryAddDisk(view, key.Namespace, device, needsDevices, disks) is { } problem)
                return problem;
        }

        var nics = new List<MachineNic>();
        foreach (var nic in spec.NetworkInterfaces.OrderBy(n => n.DeviceIndex))
        {
            if (TryAddNic(view, key.Namespace, nic, needsDevices, nics) is { } problem)
                return problem;
        }

        return new MachineAssembly(
            new MachineConfig
            {
                Instance = key,
                InstanceType = spec.InstanceType,
                VCpus = type.Spec.VCpus,
                MemoryMib = type.Spec.MemoryMib,
                Architecture = image?.Spec.Architecture ?? "x86_64",
                BootMode = image?.Spec.BootMode ?? "uefi-preferred",
                Disks = disks,
                Nics = nics,
            },
            null,
            null);
    }

    /// <summary>The first private address, for columns; null without interfaces.</summary>
    public static string? PrivateAddress(View view, string ns, InstanceSpec spec) =>
        spec.NetworkInterfaces.MinBy(n => n.DeviceIndex) is { } nic
        && view.Get(new ResourceKey(NetworkInterfaceView.GroupResource, ns, nic.NetworkInterfaceId)) is { } found
            ? found.View(MachinePartsJson.Default.NetworkInterfaceView).Spec.PrivateIpAddress
            : null;

    private static MachineAssembly? TryAddDisk(View view, string ns, InstanceBlockDevice device, bool needsDevices, List<MachineDisk> disks)
    {
        if (!TryGet(view, new ResourceKey(VolumeView.GroupResource, ns, device.VolumeId), out var resource))
            return Failed($"volume {device.VolumeId} does not exist");
        var volume = resource.View(MachinePartsJson.Default.VolumeView);
        var status = volume.Status;
        if (status?.State == "error")
            return Failed($"volume {device.VolumeId} failed: {status.Message ?? "no reason given"}");
        if (volume.Disk(device.VolumeId, needsDevices) is not { } disk)
            return WaitingFor($"volume {device.VolumeId} ({status?.Hold ?? status?.State ?? "creating"})");
        if (status!.SizeGib < volume.Spec.SizeGib)
            return WaitingFor($"volume {device.VolumeId} to grow to {volume.Spec.SizeGib} GiB");
        disks.Add(disk);
        return null;
    }

    private static MachineAssembly? TryAddNic(View view, string ns, InstanceNetworkInterface nic, bool needsDevices, List<MachineNic> nics)
    {
        if (!TryGet(view, new ResourceKey(NetworkInterfaceView.GroupResource, ns, nic.NetworkInterfaceId), out var resource))
            return Failed($"network interface {nic.NetworkInterfaceId} does not exist");
        var found = resource.View(MachinePartsJson.Default.NetworkInterfaceView);
        if (found.Status?.State != "in-use" || (needsDevices && string.IsNullOrEmpty(found.Status.DeviceName)))
            return WaitingFor($"network interface {nic.NetworkInterfaceId} ({found.Status?.Message ?? found.Status?.State ?? "pending"})");
        var networkNamespace = found.Status.NetworkNamespace is { Length: > 0 } name ? name : null;
        nics.Add(new MachineNic(nic.NetworkInterfaceId, found.Spec.MacAddress, networkNamespace, found.Status.DeviceName ?? ""));
        return null;
    }

    private static bool TryGet(View view, ResourceKey key, [NotNullWhen(true)] out Resource? resource)
    {
        resource = view.Get(key);
        return resource is { Metadata.DeletionTimestamp: null };
    }

    private static Image? FindPublic(View view, string imageId) =>
        view.List(ComputeKinds.Image, ns: null).FirstOrDefault(i => i.Metadata.Name == imageId && i.Spec.Public);

    private static MachineAssembly Failed(string what) => new(null, null, what);

    private static MachineAssembly WaitingFor(string what) => new(null, what, null);
}
