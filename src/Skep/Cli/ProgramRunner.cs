using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Skep.Linux;

namespace Skep.Cli;

/// <summary>Runs programs as children of this process.</summary>
internal sealed class ProgramRunner : IProgramRunner
{
    /// <inheritdoc/>
    public async Task<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        // The terminal sends ctrl-C to the child as well. It is the child's to answer: an editor or a remote shell
        // goes on living after it.
        using var interrupts = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { UseShellExecute = false } };
        try
        {
            process.Start();
        }
        catch (Win32Exception ex)
        {
            throw CannotStart(program, ex.Message);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    /// <inheritdoc/>
    public Task<ProgramResult> RunSelfAsync(IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct)
    {
        var program = Environment.ProcessPath ?? throw new CliException("this program's own path is not known");
        // A development build may run as `dotnet skep.dll`.
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? RunAsync(program, [Path.Combine(AppContext.BaseDirectory, "skep.dll"), .. arguments], timeout, ct)
            : RunAsync(program, arguments, timeout, ct);
    }

    /// <inheritdoc/>
    public async Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct)
    {
        var command = new Command(program, [.. arguments]) { Timeout = timeout };
        try
        {
            var result = await new CommandRunner(TimeProvider.System).RunAsync(command, ct);
            return new ProgramResult(result.ExitCode, result.Output, result.Error);
        }
        catch (CommandException ex)
        {
            throw CannotStart(program, ex.Message);
        }
    }

    private static CliException CannotStart(string program, string why) => new(
        $"{program}: {why}",
        ExitCode.Failure,
        program is "ssh" ? "Install OpenSSH's client (Debian: apt install openssh-client)." : null);
}
