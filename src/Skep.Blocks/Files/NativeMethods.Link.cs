using System.Runtime.InteropServices;

namespace Skep.Blocks.Files;

internal static partial class NativeMethods
{
    /// <summary>link(2): fails with EEXIST when the new name is taken, so that exactly one of several callers gets it.</summary>
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int link(string path, string newPath);
}
