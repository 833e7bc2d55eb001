using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Skep.Daemon;

/// <summary>The daemon's log: one line an event, on standard error, which a service manager or `--detach` keeps.</summary>
internal static class DaemonLogging
{
    /// <summary>Adds it.</summary>
    public static void Add(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        // The framework's own chatter says nothing that the audit log does not.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.ColorBehavior = LoggerColorBehavior.Default;
        });
        logging.Services.Configure((ConsoleLoggerOptions options) => options.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
