namespace Skep.Aws.Ec2;

/// <summary>Makes a region's default network at its first use.</summary>
internal interface IRegionNetwork
{
    /// <summary>Makes sure that the account has a default VPC, subnet and security group in a region.</summary>
    ValueTask EnsureAsync(string ns, string region, CancellationToken ct);
}
