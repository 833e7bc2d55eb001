using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Instances;

/// <summary>The options of RunInstances that need more than a look-up.</summary>
internal static class LaunchOptions
{
    /// <summary>
    /// Refuses options whose silent omission would fake something: hardware, isolation, identity, addresses.
    /// </summary>
    public static void RefuseUnsupported(RunInstancesRequest request)
    {
        Refuse(request.LaunchTemplate is not null, "launch templates");
        Refuse(request.IamInstanceProfile is not null, "instance profiles");
        Refuse(request.EnclaveOptions?.Enabled is true, "enclaves");
        Refuse(request.HibernationOptions?.Configured is true, "hibernation");
        Refuse(request.InstanceMarketOptions is not null, "spot instances");
        Refuse(request.LicenseSpecifications is { Count: > 0 }, "license configurations");
        Refuse(request.CapacityReservationSpecification?.CapacityReservationTarget is not null, "capacity reservations");
        Refuse(request.ElasticGpuSpecification is { Count: > 0 } || request.ElasticInferenceAccelerators is { Count: > 0 }, "accelerators");
        Refuse(request.Ipv6AddressCount > 0 || request.Ipv6Addresses is { Count: > 0 } || request.EnablePrimaryIpv6 is true, "IPv6 addresses");
        Refuse(request.KernelId is not null || request.RamdiskId is not null, "kernels and RAM disks beside the image");
        Refuse(request.CpuOptions is not null, "CPU options");
        Refuse(request.SecondaryInterfaces is { Count: > 0 }, "secondary interfaces");
        Refuse(request.MetadataOptions?.HttpProtocolIpv6 is "enabled", "the metadata service's IPv6 endpoint");
        if (request.Placement is { } placement)
        {
            Refuse(placement.Tenancy is not (null or "default"), "dedicated tenancy");
            Refuse(placement.GroupName is { Length: > 0 } || placement.GroupId is { Length: > 0 }, "placement groups");
            Refuse(placement.HostId is not null || placement.HostResourceGroupArn is not null, "dedicated hosts");
        }
    }

    /// <summary>The one network interface a request may describe in full, or null.</summary>
    public static InstanceNetworkInterfaceSpecification? Interface(RunInstancesRequest request)
    {
        if (request.NetworkInterfaces is not { Count: > 0 } interfaces)
            return null;
        Refuse(interfaces.Count > 1, "more than one network interface at launch");
        var nic = interfaces[0];
        if (nic.DeviceIndex is not (null or 0))
            throw Ec2Errors.InvalidValue("NetworkInterface.1.DeviceIndex", $"{nic.DeviceIndex}", "the first interface has index 0");
        if (request.SubnetId is not null || request.SecurityGroupIds is { Count: > 0 } || request.SecurityGroups is { Count: > 0 } || request.PrivateIpAddress is not null)
            throw Ec2Errors.InvalidCombination("Network interfaces and an instance-level subnet ID, security groups or private address may not be specified on the same request");
        Refuse(nic.NetworkInterfaceId is not null, "launching with an existing network interface");
        Refuse(nic.AssociatePublicIpAddress is true, "public addresses");
        Refuse(nic.SecondaryPrivateIpAddressCount > 0 || nic.PrivateIpAddresses is { Count: > 1 }, "secondary private addresses");
        Refuse(nic.Ipv6AddressCount > 0 || nic.Ipv6Addresses is { Count: > 0 } || nic.Ipv6Prefixes is { Count: > 0 } || nic.Ipv6PrefixCount > 0, "IPv6 addresses");
        Refuse(nic.Ipv4Prefixes is { Count: > 0 } || nic.Ipv4PrefixCount > 0, "delegated prefixes");
        Refuse(nic.InterfaceType is not (null or "interface"), $"network interfaces of type {nic.InterfaceType}");
        if (nic.PrivateIpAddresses is [{ PrivateIpAddress: { } address }])
            nic.PrivateIpAddress ??= address;
        return nic;
    }

    /// <summary>How the metadata service is to serve the instance.</summary>
    public static Compute.Kinds.MetadataOptions Metadata(InstanceMetadataOptionsRequest? request)
    {
        var options = new Compute.Kinds.MetadataOptions();
        if (request is null)
            return options;
        options.HttpTokens = request.HttpTokens ?? options.HttpTokens;
        options.HttpEndpoint = request.HttpEndpoint ?? options.HttpEndpoint;
        options.InstanceMetadataTags = request.InstanceMetadataTags ?? options.InstanceMetadataTags;
        options.HttpPutResponseHopLimit = request.HttpPutResponseHopLimit ?? options.HttpPutResponseHopLimit;
        if (options.HttpPutResponseHopLimit is < 1 or > 64)
            throw Ec2Errors.InvalidValue("MetadataOptions.HttpPutResponseHopLimit", $"{options.HttpPutResponseHopLimit}", "it must be 1 to 64");
        return options;
    }

    private static void Refuse(bool isAsked, string what)
    {
        if (isAsked)
            throw Ec2Errors.Unsupported(what);
    }
}
