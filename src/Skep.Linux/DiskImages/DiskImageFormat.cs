namespace Skep.Linux.DiskImages;

/// <summary>The forms a disk has in a file, among those Skep reads.</summary>
public enum DiskImageFormat
{
    /// <summary>Sector after sector.</summary>
    Raw,

    /// <summary>QEMU's copy-on-write format, version 2 or 3.</summary>
    Qcow2,
}

/// <summary>Names of <see cref="DiskImageFormat"/>.</summary>
public static class DiskImageFormats
{
    /// <summary>The name that qemu-img's -f and -O take.</summary>
    public static string QemuName(this DiskImageFormat format) => format is DiskImageFormat.Raw ? "raw" : "qcow2";
}
