using System.Runtime.InteropServices;
using Skep.Compute.Qemu;
using Skep.Linux;

namespace Skep.Cli.DaemonDoctor;

/// <summary>The programs and files of other packages that machines and images need.</summary>
internal sealed class ToolChecks(CommandRunner commands)
{
    private static readonly bool _isArm = RuntimeInformation.OSArchitecture is Architecture.Arm64;

    private static readonly Tool[] _tools =
    [
        new(_isArm ? "qemu-system-aarch64" : "qemu-system-x86_64", "--version", _isArm ? "qemu-system-arm" : "qemu-system-x86", "no machine can run", IsVital: true),
        new("qemu-img", "--version", "qemu-utils", "no disk can be made", IsVital: true),
        new("nft", "--version", "nftables", "networks have no firewall and no way out", IsVital: true),
        new("ip", "-V", "iproute2", "networks cannot be made", IsVital: true),
        new("ssh", "-V", "openssh-client", "`skep vm ssh` does not work", IsVital: false),
        new("mmdebstrap", "--version", "mmdebstrap", "`skep image build` does not work", IsVital: false),
        new("mcopy", "--version", "mtools", "`skep image build` does not work", IsVital: false),
        new("mkfs.vfat", "--help", "dosfstools", "`skep image build` does not work", IsVital: false),
        new("sfdisk", "--version", "fdisk", "`skep image build` does not work", IsVital: false),
    ];

    /// <summary>Looks at everything.</summary>
    public async Task<List<Finding>> RunAsync(CancellationToken ct)
    {
        var findings = new List<Finding>();
        foreach (var tool in _tools)
            findings.Add(await CheckAsync(tool, ct));
        findings.Add(Firmware());
        return findings;
    }

    private async Task<Finding> CheckAsync(Tool tool, CancellationToken ct)
    {
        try
        {
            var result = await commands.RunAsync(new Command(tool.Name, tool.VersionArgument), ct);
            // Some print their version as an error, mkfs.vfat with its help.
            var text = result.Output.Length > 0 ? result.Output : result.Error;
            return Finding.Ok(tool.Name, text.Split('\n')[0].Trim());
        }
        catch (CommandException)
        {
            var advice = $"apt-get install {tool.Package}";
            return tool.IsVital
                ? Finding.Fail(tool.Name, $"it is not installed: {tool.Without}", advice)
                : Finding.Warn(tool.Name, $"it is not installed: {tool.Without}", advice);
        }
    }

    private static Finding Firmware() => FirmwareLocator.Find(_isArm ? "arm64" : "x86_64", "/") is { } files
        ? Finding.Ok("firmware", files.CodePath)
        : Finding.Fail("firmware", "no UEFI firmware is installed: images that boot by UEFI do not run", $"apt-get install {(_isArm ? "qemu-efi-aarch64" : "ovmf")}");

    private sealed record Tool(string Name, string VersionArgument, string Package, string Without, bool IsVital);
}
