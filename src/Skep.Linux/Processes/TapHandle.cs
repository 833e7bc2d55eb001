using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>
/// Opens a tap that exists, so that its descriptor can be handed to a program without any right of its own
/// (Documentation/networking/tuntap.rst of the kernel).
/// </summary>
public static unsafe partial class TapHandle
{
    private const string TunPath = "/dev/net/tun";
    private const uint TunSetIff = 0x400454ca;
    private const int NameMax = 15; // IFNAMSIZ less the final zero
    private const int NameSize = 16;
    private const int IfreqSize = 40;
    private const short TapNoPiVnetHdr = 0x0002 | 0x1000 | 0x4000; // IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
    private const short MultiQueue = 0x0100; // IFF_MULTI_QUEUE: must be as the tap was made
    private const int InvalidArgument = 22; // EINVAL

    /// <summary>Opens a tap of a namespace; null is this process's own.</summary>
    /// <exception cref="IOException">There is no such namespace or tap, or another program has it open.</exception>
    public static SafeFileHandle Open(string? ns, string name) =>
        ns is null ? Open(name) : NetworkNamespace.RunIn(ns, () => Open(name));

    private static SafeFileHandle Open(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) is 0 or > NameMax)
            throw new IOException($"\"{name}\" cannot name a network device: expected 1 to {NameMax} bytes");

        // TUNSETIFF would make a device that is missing, and nobody would remove it. (sysfs shows another namespace's devices.)
        if (InterfaceIndex(name) == 0)
            throw new IOException($"there is no network device {name}");
        var error = TryOpen(name, TapNoPiVnetHdr, out var handle);
        if (error == InvalidArgument)
            error = TryOpen(name, TapNoPiVnetHdr | MultiQueue, out handle);
        return handle ?? throw new IOException($"tap {name} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static int TryOpen(string name, short flags, out SafeFileHandle? handle)
    {
        handle = null;
        var tun = File.OpenHandle(TunPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var request = stackalloc byte[IfreqSize];
        new Span<byte>(request, IfreqSize).Clear();
        Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameMax));
        *(short*)(request + NameSize) = flags;
        if (Ioctl((int)tun.DangerousGetHandle(), TunSetIff, request) == 0)
        {
            handle = tun;
            return 0;
        }

        var error = Marshal.GetLastPInvokeError();
        tun.Dispose();
        return error;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint InterfaceIndex(string name);
}
