using System.Globalization;
using Skep.Blocks;
using Skep.Blocks.Devices;
using Skep.Blocks.Log;
using Skep.Cli.Blocks;
using Skep.Linux.DiskImages;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Nbd;

/// <summary>
/// Turns what stands on the command line into a device: the one place that knows the kinds there are. <c>log:NAME</c> is a
/// log-structured volume, <c>vol-…</c> a volume of the daemon, <c>failing:BYTES</c> a disk of that size of which every request
/// fails, everything else a file or a block device.
/// </summary>
internal sealed class DeviceSource(CliContext context, Func<string, LogVolumePlace> placeOf, VolumeFinder volumes, string format) : IAsyncDisposable
{
    private const string Raw = "raw";
    private const string LogScheme = "log:";
    private const string FailingScheme = "failing:";
    private readonly IoWorkers _workers = new();
    private readonly List<ForeignImage> _foreign = [];

    /// <summary>The name that an export of this argument gets when no other is asked for.</summary>
    public static string NameOf(string argument) => argument.StartsWith(LogScheme, StringComparison.Ordinal)
        ? argument[LogScheme.Length..]
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(argument));

    /// <summary>Opens what <paramref name="argument"/> names.</summary>
    /// <exception cref="CliException">It cannot be opened; the message says why.</exception>
    public async Task<IBlockDevice> OpenAsync(string argument, bool isReadOnly, CancellationToken ct)
    {
        if (argument.StartsWith(LogScheme, StringComparison.Ordinal))
            return await OpenLogAsync(placeOf(argument[LogScheme.Length..]), ct);
        if (argument.StartsWith(FailingScheme, StringComparison.Ordinal))
            return OpenFailing(argument);
        if (!VolumeFinder.IsVolume(argument))
            return await OpenFileAsync(argument, format, passphrase: null, isReadOnly, ct);
        var disk = await volumes.FindAsync(argument, ct);
        return disk.File is { } file ? await OpenFileAsync(file.Path, file.Format, file.Passphrase, isReadOnly, ct) : await OpenLogAsync(disk.Log!, ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var image in _foreign)
            await image.DisposeAsync();
        _workers.Dispose();
    }

    private async Task<IBlockDevice> OpenLogAsync(LogVolumePlace place, CancellationToken ct) =>
        await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, Report).OpenAsync(place, ct));

    private static FailingDevice OpenFailing(string argument) =>
        long.TryParse(argument.AsSpan(FailingScheme.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var sizeBytes) && sizeBytes > 0
            ? new FailingDevice(sizeBytes)
            : throw new CliException($"'{argument}' is not failing:BYTES (for example failing:1073741824)", ExitCode.Usage);

    private async Task<IBlockDevice> OpenFileAsync(string path, string fileFormat, DiskPassphrase? passphrase, bool isReadOnly, CancellationToken ct)
    {
        if (fileFormat == Raw)
            return OpenFile(path, isReadOnly);
        var (image, device) = await ForeignImage.OpenAsync(path, fileFormat, passphrase, isReadOnly, context, ct);
        _foreign.Add(image);
        return device;
    }

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
