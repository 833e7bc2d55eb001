using System.Runtime.InteropServices;

namespace Skep.Linux.Processes;

/// <summary>How a process ended: by an exit code, by a signal, or unknown when it was not a child of this daemon.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ProcessExit(int? ExitCode, int? Signal)
{
    /// <summary>"exited with code 1", "was ended by signal 9", "ended".</summary>
    public override string ToString() => this switch
    {
        { ExitCode: { } code } => $"exited with code {code}",
        { Signal: { } signal } => $"was ended by signal {signal}",
        _ => "ended",
    };

    /// <summary>Decodes a status of wait(2).</summary>
    internal static ProcessExit FromWaitStatus(int status)
    {
        var signal = status & 0x7f;
        return signal == 0 ? new ProcessExit((status >> 8) & 0xff, null) : new ProcessExit(null, signal);
    }
}
