using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Bench;

/// <summary>Directories as files, to sync them.</summary>
internal static partial class NativeDirectory
{
    public const int ReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    public static partial int FSync(SafeFileHandle file);
}
