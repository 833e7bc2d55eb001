using System.CommandLine;
using Skep.Cli.Blocks;
using Skep.Cli.DaemonDoctor;
using Skep.Cli.Completion;
using Skep.Cli.Images;
using Skep.Cli.Keys;
using Skep.Cli.Nbd;
using Skep.Cli.Quickstart;
using Skep.Cli.Resources;
using Skep.Cli.S3;
using Skep.Cli.Storage;
using Skep.Cli.Vm;

namespace Skep.Cli;

/// <summary>Puts the verbs together. A verb group is one static class with <c>static Command Create(CliContext)</c>.</summary>
internal static class RootCommandFactory
{
    /// <summary>The whole command line.</summary>
    public static RootCommand Create(CliContext context)
    {
        var root = new RootCommand("Skep turns the Linux machines you own into a private cloud.")
        {
            context.DataOption,
            context.YesOption,
        };
        foreach (var verb in Verbs(context))
            root.Add(verb);
        VerbHelp.Install(root);
        SuggestAction.Install(root);
        return root;
    }

    /// <summary>Parses and runs one command line; the result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, CliContext context)
    {
        var parsed = Create(context).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await context.Error.WriteLineAsync($"skep: {error.Message}");
            await context.Error.WriteLineAsync("Try the same with --help.");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                // The daemon drains by itself; other verbs stop at the token within this time.
                ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
            });
        }
        catch (CliException ex)
        {
            await context.Error.WriteLineAsync($"skep: {ex.Message}");
            if (ex.Hint is { } hint)
                await context.Error.WriteLineAsync(hint);
            return ex.Code;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A disk or a permission, named by the message; everything else that is not expected is a defect and shows its stack.
            await context.Error.WriteLineAsync($"skep: {ex.Message}");
            return ExitCode.Failure;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>One line a verb group: the place to add one.</summary>
    private static IEnumerable<Command> Verbs(CliContext context)
    {
        yield return QuickstartCommand.Create(context);
        yield return DaemonUp.Create(context);
        yield return DaemonDown.Create(context);
        yield return DaemonStatus.Create(context);
        yield return DaemonEnv.Create(context);
        yield return DoctorCommand.Create(context);
        yield return DaemonVersion.Create(context);
        yield return VmCommands.Create(context);
        yield return ImageCommands.Create(context);
        yield return VolumeCommands.Create(context);
        yield return SnapshotCommands.Create(context);
        yield return PoolCommands.Create(context);
        yield return BlocksCommands.Create(context);
        yield return NbdCommands.Create(context);
        yield return S3Commands.Create(context);
        yield return KeysCommands.Create(context);
        yield return GetCommand.Create(context);
        yield return ApplyCommand.Create(context);
        yield return DeleteCommand.Create(context);
        yield return DescribeCommand.Create(context);
        yield return CompletionCommand.Create(context);
    }
}
