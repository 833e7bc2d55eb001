using Skep.Linux.DiskImages;

namespace Skep.Storage.Snapshots;

/// <summary>The disk in a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Format">qcow2 or raw.</param>
/// <param name="Passphrase">What it is encrypted with; null when it is not.</param>
internal sealed record DiskFileAddress(string Path, string Format, DiskPassphrase? Passphrase)
{
    /// <summary>The directory in which tools are run.</summary>
    public string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>The arguments that name it to QEMU's tools in its directory.</summary>
    public IReadOnlyList<string> Arguments(SecretFile? secret) => QemuImg.Address(Format, System.IO.Path.GetFileName(Path), secret?.Path);
}
