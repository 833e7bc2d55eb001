using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Skep.Linux;

namespace Skep.Networking.SystemTests;

/// <summary>The program's end of a tap, as a virtual machine has it: a file of Ethernet frames.</summary>
internal static partial class TapDevice
{
    // linux/if_tun.h
    private const nuint TunSetIff = 0x400454ca;
    private const short IffTap = 0x0002;
    private const short IffNoPacketInformation = 0x1000;
    private const int InterfaceRequestLength = 40;
    private const int InterfaceNameLength = 16;

    /// <summary>Opens a tap in a namespace; makes it when it is not there, for as long as the file is open.</summary>
    public static SafeFileHandle Open(string ns, string name) => NetworkNamespace.RunIn(ns, () =>
    {
        var file = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite);
        var request = new byte[InterfaceRequestLength];
        Encoding.ASCII.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(InterfaceNameLength), (short)(IffTap | IffNoPacketInformation));
        if (Ioctl((int)file.DangerousGetHandle(), TunSetIff, request) != 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
            file.Dispose();
            throw new IOException($"tap {name} in {ns} cannot be opened: {error}");
        }

        return file;
    });

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, byte[] argument);
}
