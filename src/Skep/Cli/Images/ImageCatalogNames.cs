namespace Skep.Cli.Images;

/// <summary>Images that <c>skep image pull</c> knows, for help, completion and questions; the daemon has their addresses.</summary>
internal static class ImageCatalogNames
{
    /// <summary>Their names.</summary>
    public static readonly IReadOnlyList<string> All = ["debian-13", "ubuntu-22.04", "ubuntu-24.04", "fedora-42"];
}
