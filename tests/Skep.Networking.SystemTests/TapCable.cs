using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Networking.SystemTests;

/// <summary>Carries Ethernet frames between two taps, both ways, until it is disposed.</summary>
internal sealed partial class TapCable : IDisposable
{
    private const short PollIn = 1;
    private const int FrameMax = 65536;

    private readonly SafeFileHandle _a;
    private readonly SafeFileHandle _b;
    private readonly SafeFileHandle _stopRead;
    private readonly SafeFileHandle _stopWrite;
    private readonly Thread _thread;

    public TapCable(SafeFileHandle a, SafeFileHandle b)
    {
        (_a, _b) = (a, b);
        var pipe = new int[2];
        if (Pipe(pipe) != 0)
            throw new IOException("no pipe");
        _stopRead = new SafeFileHandle(pipe[0], ownsHandle: true);
        _stopWrite = new SafeFileHandle(pipe[1], ownsHandle: true);
        _thread = new Thread(Carry) { IsBackground = true, Name = "tap cable" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopWrite.Dispose(); // the reading end polls as hung up
        _thread.Join();
        _stopRead.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    private void Carry()
    {
        var buffer = new byte[FrameMax];
        PollFd[] files = [new(_a), new(_b), new(_stopRead)];
        while (true)
        {
            Poll(files, (nuint)files.Length, timeoutMs: -1);
            if (files[2].Returned != 0)
                return;
            Move(files[0], files[1], buffer);
            Move(files[1], files[0], buffer);
        }
    }

    private static void Move(PollFd from, PollFd to, byte[] buffer)
    {
        if ((from.Returned & PollIn) == 0)
            return;
        var length = Read(from.File, buffer, FrameMax);
        if (length > 0)
            Write(to.File, buffer, length); // a device that is down loses it, as a cable does
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd(SafeFileHandle file)
    {
        public int File = (int)file.DangerousGetHandle();
        public short Wanted = PollIn;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll([In, Out] PollFd[] files, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static partial int Pipe([Out] int[] files);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int file, byte[] buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte[] buffer, nint length);
}
