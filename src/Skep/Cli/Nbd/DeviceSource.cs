using Skep.Blocks;
using Skep.Blocks.Devices;
using Skep.Blocks.Log;
using Skep.Cli.Blocks;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Nbd;

/// <summary>
/// Turns what stands on the command line into a device: the one place that knows the kinds there are. <c>log:NAME</c> is a
/// log-structured volume, everything else a raw file or a block device.
/// </summary>
internal sealed class DeviceSource(CliContext context, Func<string, LogVolumePlace> placeOf) : IDisposable
{
    private const string LogScheme = "log:";
    private readonly IoWorkers _workers = new();

    /// <summary>The name that an export of this argument gets when no other is asked for.</summary>
    public static string NameOf(string argument) => argument.StartsWith(LogScheme, StringComparison.Ordinal)
        ? argument[LogScheme.Length..]
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(argument));

    /// <summary>Opens what <paramref name="argument"/> names.</summary>
    /// <exception cref="CliException">It cannot be opened; the message says why.</exception>
    public async Task<IBlockDevice> OpenAsync(string argument, bool isReadOnly, CancellationToken ct)
    {
        if (argument.StartsWith(LogScheme, StringComparison.Ordinal))
        {
            var place = placeOf(argument[LogScheme.Length..]);
            return await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, Report).OpenAsync(place, ct));
        }

        return OpenFile(argument, isReadOnly);
    }

    /// <inheritdoc/>
    public void Dispose() => _workers.Dispose();

    private FileDevice OpenFile(string argument, bool isReadOnly)
    {
        try
        {
            return FileDevice.Open(argument, isReadOnly, _workers);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"{argument} does not exist", ExitCode.NotFound);
        }
        catch (UnauthorizedAccessException ex)
        {
            throw new CliException($"{argument}: {ex.Message}", ExitCode.Denied, Directory.Exists(argument) || isReadOnly ? null : "With --read-only, a file that may only be read is served.");
        }
        catch (IOException ex)
        {
            throw new CliException($"{argument}: {ex.Message}", ExitCode.Conflict);
        }
    }

    private void Report(LogVolumeEvent happened) => context.Error.WriteLine($"skep: {happened.Volume}: {happened.Message}");
}
