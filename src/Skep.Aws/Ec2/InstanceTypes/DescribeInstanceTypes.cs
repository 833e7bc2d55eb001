using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2;

/// <summary>Lists instance types with what an instance of the type really gets here.</summary>
internal sealed class DescribeInstanceTypes : DescribeOperation<DescribeInstanceTypesRequest, DescribeInstanceTypesResult, InstanceTypeInfo>
{
    /// <summary>Root disk and data disks that one instance may have: one PCI slot each.</summary>
    private const int DisksMax = 26;

    /// <inheritdoc/>
    protected override (int Min, int Max) PageBounds => (5, 100);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<InstanceTypeInfo>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<InstanceTypeInfo>>(StringComparer.Ordinal);

    /// <inheritdoc/>
    protected override IEnumerable<InstanceTypeInfo> Items(DescribeInstanceTypesRequest request, AwsCall call, string? after)
    {
        var names = request.InstanceTypes ?? [];
        var missing = names.Where(n => call.View.Get(ComputeKinds.InstanceType, "", n) is null).ToList();
        if (missing.Count > 0)
            throw new AwsException("InvalidInstanceType", 400, $"The following supplied instance types do not exist: [{string.Join(", ", missing)}]");
        return call.View.List(ComputeKinds.InstanceType, ns: null)
            .Where(t => names.Count == 0 || names.Contains(t.Metadata.Name))
            .Where(t => after is null || string.CompareOrdinal(t.Metadata.Name, after) > 0)
            .Select(Map);
    }

    /// <inheritdoc/>
    protected override string KeyOf(InstanceTypeInfo item) => item.InstanceType!;

    /// <inheritdoc/>
    protected override DescribeInstanceTypesResult Respond(List<InstanceTypeInfo> items, AwsCall call) => new() { InstanceTypes = items };

    private static InstanceTypeInfo Map(InstanceTypeResource type)
    {
        var spec = type.Spec;
        return new InstanceTypeInfo
        {
            InstanceType = type.Metadata.Name,
            CurrentGeneration = true,
            FreeTierEligible = false,
            SupportedUsageClasses = ["on-demand"],
            SupportedRootDeviceTypes = ["ebs"],
            SupportedVirtualizationTypes = ["hvm"],
            BareMetal = false,
            Hypervisor = "nitro",
            ProcessorInfo = new ProcessorInfo { SupportedArchitectures = ["x86_64"], SupportedFeatures = [] },
            VCpuInfo = new VCpuInfo
            {
                DefaultVCpus = spec.VCpus, DefaultCores = spec.VCpus, DefaultThreadsPerCore = 1, ValidCores = [spec.VCpus], ValidThreadsPerCore = [1],
            },
            MemoryInfo = new MemoryInfo { SizeInMiB = spec.MemoryMib },
            InstanceStorageSupported = false,
            EbsInfo = new EbsInfo
            {
                EbsOptimizedSupport = "unsupported", EncryptionSupport = "supported", NvmeSupport = "unsupported",
                MaximumEbsAttachments = DisksMax, AttachmentLimitType = "dedicated",
            },
            NetworkInfo = new NetworkInfo
            {
                NetworkPerformance = "Up to the host's",
                MaximumNetworkInterfaces = 1,
                MaximumNetworkCards = 1,
                DefaultNetworkCardIndex = 0,
                NetworkCards = [new NetworkCardInfo { NetworkCardIndex = 0, NetworkPerformance = "Up to the host's", MaximumNetworkInterfaces = 1 }],
                Ipv4AddressesPerInterface = 1,
                Ipv6AddressesPerInterface = 0,
                Ipv6Supported = false,
                EnaSupport = "unsupported",
                EfaSupported = false,
                EncryptionInTransitSupported = false,
                EnaSrdSupported = false,
            },
            PlacementGroupInfo = new PlacementGroupInfo { SupportedStrategies = [] },
            HibernationSupported = false,
            BurstablePerformanceSupported = spec.Burstable,
            DedicatedHostsSupported = false,
            AutoRecoverySupported = false,
            SupportedBootModes = ["legacy-bios", "uefi"],
            NitroEnclavesSupport = "unsupported",
            NitroTpmSupport = "unsupported",
        };
    }
}
