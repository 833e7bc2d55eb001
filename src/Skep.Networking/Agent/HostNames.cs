using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;

namespace Skep.Networking.Agent;

/// <summary>
/// The names of what is made on the host. All begin with the daemon's prefix, and devices fit the kernel's 15
/// characters. An EC2 id gives its last digits, so that a person finds the tap of an interface.
/// </summary>
internal sealed class HostNames(string prefix)
{
    /// <summary>The end of a VPC's veth pair that is in its namespace.</summary>
    public const string Uplink = "uplink";

    /// <summary>linux/if.h: IFNAMSIZ less the terminator.</summary>
    private const int DeviceNameMax = 15;
    private const int AwsIdHexLength = 17;

    /// <summary>The digits of EC2's ids.</summary>
    public static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>What all names begin with.</summary>
    public string Prefix { get; } = prefix.Length is > 0 and <= 8
        ? prefix
        : throw new ArgumentException($"\"{prefix}\" cannot begin the names of devices: expected 1 to 8 characters", nameof(prefix));

    /// <summary>What the names of namespaces begin with.</summary>
    public string NamespacePrefix => Prefix + "-";

    /// <summary>What the names of veth devices on the host begin with.</summary>
    public string HostDevicePrefix => Prefix + "v";

    /// <summary>What the names of taps begin with.</summary>
    public string TapPrefix => Prefix + "t";

    /// <summary>The nftables table on the host.</summary>
    public string HostTable => "inet " + Prefix;

    /// <summary>The network namespace of a VPC.</summary>
    public string Namespace(ResourceKey vpc) => NamespacePrefix + Short(vpc);

    /// <summary>The end of a VPC's veth pair that is on the host.</summary>
    public string HostDevice(ResourceKey vpc) => HostDevicePrefix + Short(vpc);

    /// <summary>The end on the host of the pair into a namespace.</summary>
    public string HostDeviceOf(string ns) => HostDevicePrefix + ns[NamespacePrefix.Length..];

    /// <summary>The tap of a network interface.</summary>
    public string Tap(ResourceKey networkInterface) => TapPrefix + Short(networkInterface);

    private string Short(ResourceKey key)
    {
        var dash = key.Name.IndexOf('-');
        var isAwsId = dash > 0 && key.Name.Length - dash - 1 == AwsIdHexLength && key.Name.AsSpan(dash + 1).IndexOfAnyExcept(HexDigits) < 0;
        var digits = isAwsId
            ? key.Name
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{key.Namespace}/{key.Name}")));
        return digits[^(DeviceNameMax - Prefix.Length - 1)..];
    }
}
