using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Skep.Core.Observability;

namespace Skep.Daemon;

/// <summary>
/// The daemon's logs: for people one line an event on standard error, which a service manager or `--detach` keeps; for
/// machines the same as JSON in <c>skep.log</c>.
/// </summary>
internal static class DaemonLogging
{
    private const long FileBytesMax = 16 * 1024 * 1024;
    private const int OldFilesKept = 4;

    /// <summary>Adds both.</summary>
    public static void Add(ILoggingBuilder logging, string jsonPath, TimeProvider time)
    {
        AddFile(logging, jsonPath, time);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.ColorBehavior = LoggerColorBehavior.Default;
        });
        logging.Services.Configure((ConsoleLoggerOptions options) => options.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    /// <summary>Adds the file alone: for verbs that talk to people themselves.</summary>
    public static void AddFile(ILoggingBuilder logging, string jsonPath, TimeProvider time)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        // The framework's own chatter says nothing that the audit log does not.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.Services.AddSingleton<ILoggerProvider>(_ => new JsonFileLoggerProvider(jsonPath, FileBytesMax, OldFilesKept, time));
    }
}
