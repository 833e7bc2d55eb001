using System.ComponentModel;
using System.CommandLine;
using Skep.Core.Hosting;
using Skep.Daemon;
using Skep.Linux.Processes;
using Command = System.CommandLine.Command;

namespace Skep.Cli;

/// <summary><c>skep down</c>: stops the daemon; instances go on running.</summary>
internal static class DaemonDown
{
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _stopTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var purge = new Option<bool>("--purge") { Description = "Also terminate all instances and remove everything: networks, disks, images, the data directory." };
        var command = new Verb(
            "down",
            "Stop the daemon. Instances go on running, and are found again by the next `skep up`.",
            "sudo skep down",
            "sudo skep down --purge --yes  # terminate all instances and remove everything") { purge };
        command.SetAction(async (parsed, ct) =>
        {
            var directory = context.DataDirectory(parsed);
            if (parsed.GetValue(purge))
                return await PurgeAsync(context, parsed, directory, ct);
            var didStop = await StopAsync(directory, context.Time, ct);
            await context.Out.WriteLineAsync(didStop is { } process ? $"stopped (process {process.ProcessId})" : $"no daemon runs on {directory}");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> PurgeAsync(CliContext context, ParseResult parsed, string directory, CancellationToken ct)
    {
        if (!DataDirectory.IsOne(directory))
        {
            await context.Out.WriteLineAsync($"there is no cloud in {directory}");
            return ExitCode.Success;
        }

        if (!await context.ConfirmAsync(parsed, $"Terminate every instance and remove everything in {directory}?", ct))
            throw new CliException("nothing was removed", ExitCode.Declined, "Answer with y, or say --yes.");
        await StopAsync(directory, context.Time, ct);
        await new Purge(directory, context.Time, context.Error.WriteLine).RunAsync(ct);
        await context.Out.WriteLineAsync($"removed everything, {directory} too");
        return ExitCode.Success;
    }

    /// <summary>Stops the daemon of a data directory and waits for its end; null when none runs.</summary>
    /// <exception cref="CliException">It does not stop, or may not be stopped by this user.</exception>
    public static async Task<ProcessIdentity?> StopAsync(string directory, TimeProvider time, CancellationToken ct)
    {
        if (FindHolder(directory) is not { } process)
            return null;
        try
        {
            process.TrySignal(ProcessIdentity.SignalTerminate);
        }
        catch (Win32Exception ex)
        {
            throw new CliException($"{ex.Message}: run this as the user that started the daemon", ExitCode.Denied);
        }

        using var timeout = new CancellationTokenSource(_stopTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, time);
        try
        {
            // The lock, not the process, says that the daemon has let go of its data.
            while (FindHolder(directory) == process)
                await timer.WaitForNextTickAsync(either.Token);
            return process;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException($"process {process.ProcessId} still holds {directory} {_stopTimeout.TotalSeconds:0} seconds after it was asked to stop; its log may say why, `kill -9 {process.ProcessId}` ends it", ExitCode.TimedOut);
        }
    }

    private static ProcessIdentity? FindHolder(string directory)
    {
        try
        {
            return DataDirectory.FindHolder(directory);
        }
        catch (UnauthorizedAccessException ex)
        {
            throw new CliException($"{ex.Message} Run this as the user that started the daemon", ExitCode.Denied);
        }
    }
}
