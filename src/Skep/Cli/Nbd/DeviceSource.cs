using Skep.Blocks;
using Skep.Blocks.Devices;

namespace Skep.Cli.Nbd;

/// <summary>Turns what stands on the command line into a device: the one place that knows the kinds there are.</summary>
internal sealed class DeviceSource : IDisposable
{
    private readonly IoWorkers _workers = new();

    /// <summary>Opens what <paramref name="argument"/> names: a raw file or a block device.</summary>
    /// <exception cref="CliException">It cannot be opened; the message says why.</exception>
    public IBlockDevice Open(string argument, bool isReadOnly)
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

    /// <inheritdoc/>
    public void Dispose() => _workers.Dispose();
}
