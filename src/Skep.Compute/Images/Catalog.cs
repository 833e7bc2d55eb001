namespace Skep.Compute.Images;

/// <summary>How the publisher writes a file's digest.</summary>
public enum DigestAlgorithm
{
    /// <summary>64 hex digits.</summary>
    Sha256,

    /// <summary>128 hex digits.</summary>
    Sha512,
}

/// <summary>An image that its publisher offers for download.</summary>
/// <param name="Name">What the user calls it.</param>
/// <param name="Architecture">x86_64 or arm64.</param>
/// <param name="Url">The image, a qcow2 file.</param>
/// <param name="ChecksumsUrl">The publisher's list of digests, which names the file.</param>
/// <param name="Digest">The list's algorithm.</param>
/// <param name="BootMode">What the image boots with.</param>
/// <param name="DefaultUser">The login name that its cloud-init gives the key.</param>
/// <param name="Description">One line for people.</param>
public sealed record CatalogImage(
    string Name, string Architecture, Uri Url, Uri ChecksumsUrl, DigestAlgorithm Digest, string BootMode, string DefaultUser, string Description);

/// <summary>The images that <c>skep image pull</c> knows, at the addresses where their publishers keep the newest build.</summary>
public static class Catalog
{
    private const string DebianBase = "https://cloud.debian.org/images/cloud";
    private const string UbuntuBase = "https://cloud-images.ubuntu.com/releases";
    private const string FedoraBase = "https://download.fedoraproject.org/pub/fedora/linux/releases";

    /// <summary>All of them, for both architectures.</summary>
    public static IReadOnlyList<CatalogImage> Images { get; } =
    [
        .. Debian("debian-12", "bookworm", "12"), .. Debian("debian-13", "trixie", "13"),
        .. Ubuntu("ubuntu-22.04", "22.04"), .. Ubuntu("ubuntu-24.04", "24.04"),
        .. Fedora("fedora-42", "42", "1.1"),
    ];

    /// <summary>The names, each once.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Images.Select(i => i.Name).Distinct()];

    /// <summary>The image of a name for this machine's architecture, or null.</summary>
    public static CatalogImage? Find(string name) => Find(name, GuestArchitecture.HostEc2Name);

    /// <summary>The image of a name for an architecture, or null.</summary>
    public static CatalogImage? Find(string name, string architecture) =>
        Images.FirstOrDefault(i => i.Name == name && i.Architecture == architecture);

    private static IEnumerable<CatalogImage> Debian(string name, string suite, string number)
    {
        foreach (var (architecture, theirs) in new[] { ("x86_64", "amd64"), ("arm64", "arm64") })
        {
            yield return new(
                name, architecture, new($"{DebianBase}/{suite}/latest/debian-{number}-genericcloud-{theirs}.qcow2"), new($"{DebianBase}/{suite}/latest/SHA512SUMS"),
                DigestAlgorithm.Sha512, "uefi-preferred", "debian", $"Debian {number} ({suite}), generic cloud image");
        }
    }

    private static IEnumerable<CatalogImage> Ubuntu(string name, string number)
    {
        foreach (var (architecture, theirs) in new[] { ("x86_64", "amd64"), ("arm64", "arm64") })
        {
            yield return new(
                name, architecture, new($"{UbuntuBase}/{number}/release/ubuntu-{number}-server-cloudimg-{theirs}.img"), new($"{UbuntuBase}/{number}/release/SHA256SUMS"),
                DigestAlgorithm.Sha256, "uefi-preferred", "ubuntu", $"Ubuntu {number} LTS, cloud image");
        }
    }

    private static IEnumerable<CatalogImage> Fedora(string name, string number, string compose)
    {
        foreach (var (architecture, theirs) in new[] { ("x86_64", "x86_64"), ("arm64", "aarch64") })
        {
            var folder = $"{FedoraBase}/{number}/Cloud/{theirs}/images";
            yield return new(
                name, architecture, new($"{folder}/Fedora-Cloud-Base-Generic-{number}-{compose}.{theirs}.qcow2"), new($"{folder}/Fedora-Cloud-{number}-{compose}-{theirs}-CHECKSUM"),
                DigestAlgorithm.Sha256, "uefi-preferred", "fedora", $"Fedora {number} Cloud Base");
        }
    }
}
