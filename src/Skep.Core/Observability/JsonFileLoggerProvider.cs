using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Skep.Core.Observability;

/// <summary>Log lines as JSON objects in a file that is rotated by size: <c>skep.log</c>, <c>skep.log.1</c>, ….</summary>
public sealed class JsonFileLoggerProvider : ILoggerProvider
{
    /// <summary>The log's name in the data directory.</summary>
    public const string FileName = "skep.log";

    private readonly ConcurrentDictionary<string, JsonFileLogger> _loggers = new(StringComparer.Ordinal);
    private readonly RotatingFile _file;
    private readonly TimeProvider _time;

    /// <summary>Logs to a file.</summary>
    /// <param name="path">The newest file.</param>
    /// <param name="sizeMaxBytes">The size at which it is put aside.</param>
    /// <param name="filesKept">How many are kept besides the newest.</param>
    /// <param name="time">The clock of the lines.</param>
    public JsonFileLoggerProvider(string path, long sizeMaxBytes, int filesKept, TimeProvider time)
    {
        _file = new RotatingFile(path, sizeMaxBytes, filesKept);
        _time = time;
    }

    /// <summary>Lines that could not be written, because the disk was full for example.</summary>
    public long LinesLost => _file.LinesLost;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, provider) => new JsonFileLogger(name, provider._file, provider._time), this);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
