using System.Text.RegularExpressions;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>
/// Names under which volumes are attached (EC2 user guide, "Device names for volumes on Amazon EC2 instances"). A guest
/// sees virtio disks under names of its own; the volume's id is the disk's serial number.
/// </summary>
internal static partial class DeviceNames
{
    /// <summary>Whether a name can be given to a disk: sdf, /dev/sdf1, /dev/xvdf, /dev/xvdba, and virtio's vdb.</summary>
    public static bool IsValid(string name) => Form().IsMatch(name);

    /// <summary>Whether two names mean the same device: kernels without the name sdf call it xvdf.</summary>
    public static bool AreSame(string a, string b) => Letters(a) == Letters(b);

    private static string Letters(string name)
    {
        var match = Form().Match(name);
        return match.Success ? match.Groups["letters"].Value : name;
    }

    [GeneratedRegex("^(?:/dev/)?(?:sd|xvd|vd)(?<letters>[a-z][a-z]?[0-9]{0,2})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
