using System.Globalization;
using System.Text;

namespace Skep.Compute.Images.Tiny;

/// <summary>
/// Writes an initial RAM file system: a cpio archive in the "newc" form (Linux' Documentation/driver-api/early-userspace/
/// buffer-format.rst). Everything belongs to root and has one fixed time, whoever builds and whenever: equal
/// inputs give equal bytes. Entries must come after the directories they lie in.
/// </summary>
internal sealed class CpioWriter(Stream output)
{
    private const string Magic = "070701";
    private const string TrailerName = "TRAILER!!!";
    private const uint TypeDirectory = 0x4000;
    private const uint TypeFile = 0x8000;
    private const uint TypeLink = 0xa000;
    private readonly HashSet<string> _directories = [];
    private uint _inode = 1;
    private long _length;

    /// <summary>Adds a directory, and those above it that are missing. Paths have no leading slash.</summary>
    public void AddDirectory(string path, uint mode = 0x1ed /* 0755 */)
    {
        if (path.Length == 0 || _directories.Contains(path))
            return;
        AddParent(path);
        _directories.Add(path);
        Write(path, TypeDirectory | mode, []);
    }

    /// <summary>Adds a file.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content, bool isExecutable)
    {
        AddParent(path);
        Write(path, TypeFile | (isExecutable ? 0x1edu : 0x1a4u), content); // 0755, 0644
    }

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target)
    {
        AddParent(path);
        Write(path, TypeLink | 0x1ff, Encoding.UTF8.GetBytes(target));
    }

    /// <summary>Ends the archive.</summary>
    public void Finish() => Write(TrailerName, 0, []);

    private void AddParent(string path)
    {
        if (path.LastIndexOf('/') is var slash and > 0)
            AddDirectory(path[..slash]);
    }

    private void Write(string name, uint mode, ReadOnlySpan<byte> content)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        // Fields: inode, mode, uid, gid, links, mtime, size, device major and minor, its own major and minor, name length, checksum.
        uint[] fields = [_inode++, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)nameBytes.Length + 1, 0];
        var header = new StringBuilder(Magic);
        foreach (var field in fields)
            header.Append(CultureInfo.InvariantCulture, $"{field:X8}");
        Put(Encoding.ASCII.GetBytes(header.ToString()));
        Put(nameBytes);
        Put([0]);
        Align();
        Put(content);
        Align();
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _length += bytes.Length;
    }

    private void Align() => Put(stackalloc byte[(int)(-_length & 3)]);
}
