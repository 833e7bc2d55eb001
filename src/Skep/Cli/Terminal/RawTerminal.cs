using System.Runtime.InteropServices;

namespace Skep.Cli.Terminal;

/// <summary>
/// The terminal of standard input without line editing, echo and signals (termios(3), "raw mode"), until it is disposed.
/// </summary>
internal sealed partial class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private const int ApplyNow = 0; // TCSANOW

    // struct termios is 60 bytes on Linux; its layout is libc's business, which changes it itself (cfmakeraw).
    private const int StructSize = 256;

    private readonly byte[] _before;

    private RawTerminal(byte[] before) => _before = before;

    /// <summary>Enters raw mode; null when standard input is no terminal.</summary>
    public static RawTerminal? TryEnter()
    {
        var before = new byte[StructSize];
        if (GetAttributes(StandardInput, before) != 0)
            return null;
        var raw = before.ToArray();
        MakeRaw(raw);
        return SetAttributes(StandardInput, ApplyNow, raw) == 0 ? new RawTerminal(before) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _ = SetAttributes(StandardInput, ApplyNow, _before);

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetAttributes(int descriptor, [Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetAttributes(int descriptor, int actions, byte[] termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw([In, Out] byte[] termios);
}
