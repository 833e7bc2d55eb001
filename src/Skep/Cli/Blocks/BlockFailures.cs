using Skep.Blocks;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Cli.Blocks;

/// <summary>What goes wrong with volumes and stores, for people.</summary>
internal static class BlockFailures
{
    /// <summary>Runs something; its failures become <see cref="CliException"/>s.</summary>
    public static async Task<T> TranslateAsync<T>(Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception ex) when (Translate(ex) is not null)
        {
            throw Translate(ex)!;
        }
    }

    /// <summary>The same without a result.</summary>
    public static Task TranslateAsync(Func<Task> run) => TranslateAsync(async () =>
    {
        await run();
        return true;
    });

    private static CliException? Translate(Exception exception) => exception switch
    {
        BlockDeviceException ex => new CliException(ex.Message, ex.Error == BlockError.NotSupported ? ExitCode.Conflict : ExitCode.Failure),
        LogFormatException ex => new CliException(ex.Message, ex.Error == LogFormatError.Missing ? ExitCode.NotFound : ExitCode.Failure),
        ObjectStoreException ex => new CliException(ex.Message, ex.Error == ObjectStoreError.NotFound ? ExitCode.NotFound : ExitCode.Failure),
        NotSupportedException or ArgumentException => new CliException(exception.Message, ExitCode.Usage),
        _ => null,
    };
}
