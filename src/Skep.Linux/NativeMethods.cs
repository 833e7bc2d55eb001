using System.Runtime.InteropServices;

namespace Skep.Linux;

/// <summary>libc, as far as the base library does not cover it. Names and values are the manual pages'.</summary>
internal static partial class NativeMethods
{
    /// <summary>clone(2): a network namespace.</summary>
    public const int CLONE_NEWNET = 0x40000000;

    /// <summary>statfs(2): what <c>f_type</c> says of a namespace file.</summary>
    public const long NSFS_MAGIC = 0x6e736673;

    /// <summary>Bytes that hold any architecture's struct statfs; <c>f_type</c> is its first word.</summary>
    public const int StatfsSizeMax = 256;

    /// <summary>madvise(2): drop the pages; those of files are read again when touched.</summary>
    public const int MADV_DONTNEED = 4;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int madvise(nint addr, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setns(int fd, int nstype);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statfs(string path, Span<byte> buf);

    [LibraryImport("libc")]
    public static partial uint geteuid();
}
