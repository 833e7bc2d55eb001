using System.Runtime.InteropServices;

namespace Skep.Compute.Images;

/// <summary>One processor architecture in the words of those who name it.</summary>
/// <param name="Ec2Name">EC2's name: x86_64, arm64.</param>
/// <param name="DebianName">dpkg's name: amd64, arm64.</param>
/// <param name="EfiName">The removable-media file of the UEFI specification, 3.5.1.1: BOOTX64.EFI.</param>
/// <param name="SystemdBootName">systemd-boot's file name in package systemd-boot-efi.</param>
/// <param name="SerialConsole">The kernel's name of the first serial port.</param>
internal sealed record GuestArchitecture(string Ec2Name, string DebianName, string EfiName, string SystemdBootName, string SerialConsole)
{
    private static readonly GuestArchitecture _x64 = new("x86_64", "amd64", "BOOTX64.EFI", "systemd-bootx64.efi", "ttyS0");
    private static readonly GuestArchitecture _arm64 = new("arm64", "arm64", "BOOTAA64.EFI", "systemd-bootaa64.efi", "ttyAMA0");

    /// <summary>The architecture of this machine.</summary>
    /// <exception cref="ImageBuildException">Skep makes no images for it.</exception>
    public static GuestArchitecture OfHost() => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => _x64,
        System.Runtime.InteropServices.Architecture.Arm64 => _arm64,
        var other => throw new ImageBuildException($"images can be built on x86-64 and arm64; this machine is {other}"),
    };

    /// <summary>EC2's name of this machine's architecture, for images of unknown content.</summary>
    public static string HostEc2Name => RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x86_64";
}
