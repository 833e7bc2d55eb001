using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Skep.Linux;

/// <summary>
/// Runs the system's tools: never through a shell, always with a deadline, with their output capped. The one place in
/// the product where a short-lived process is started.
/// </summary>
public sealed class CommandRunner(TimeProvider time)
{
    /// <summary>Characters kept of each output.</summary>
    public const int OutputMax = 4 * 1024 * 1024;

    /// <summary>Time a command gets when the caller does not say.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs a command to its end, whatever its exit code.</summary>
    /// <exception cref="CommandException">It could not be started or ran out of time.</exception>
    public async Task<CommandResult> RunAsync(Command command, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command.FileName, command.Arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingDirectory ?? "/",
        };
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception ex)
        {
            throw new CommandException($"{command.FileName} cannot be started: {ex.Message}", null);
        }

        using var timeout = new CancellationTokenSource(command.Timeout ?? DefaultTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        var output = ReadAsync(process.StandardOutput, either.Token);
        var error = ReadAsync(process.StandardError, either.Token);
        try
        {
            await WriteInputAsync(process, command.Input, either.Token);
            await process.WaitForExitAsync(either.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            throw new CommandException($"{command.FileName} {string.Join(' ', command.Arguments)} did not end within {command.Timeout ?? DefaultTimeout}", null);
        }
    }

    /// <summary>Runs a command that is expected to succeed.</summary>
    /// <exception cref="CommandException">It could not be started, ran out of time, or exited with another code than 0.</exception>
    public async Task<CommandResult> CheckAsync(Command command, CancellationToken ct)
    {
        var result = await RunAsync(command, ct);
        if (result.IsSuccess)
            return result;
        var said = result.Error.Trim() is { Length: > 0 } error ? error : result.Output.Trim();
        throw new CommandException($"{command.FileName} {string.Join(' ', command.Arguments)} exited with {result.ExitCode}: {said}", result);
    }

    private static async Task WriteInputAsync(Process process, ReadOnlyMemory<byte> input, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, ct);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input; its exit code tells why.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken ct)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer, ct)) > 0)
        {
            // Past the cap the output is still drained, or the command would block on a full pipe.
            text.Append(buffer, 0, Math.Min(count, OutputMax - text.Length));
        }

        return text.ToString();
    }
}
