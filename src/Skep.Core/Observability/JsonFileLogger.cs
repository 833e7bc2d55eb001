using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Skep.Core.Observability;

/// <summary>
/// One category's logger. A line holds time, level, logger, event, message, the message's named values, trace and
/// exception. Values whose name says that they are secret are not written, and neither is the message made of them.
/// </summary>
internal sealed class JsonFileLogger(string category, RotatingFile file, TimeProvider time) : ILogger
{
    /// <summary>Longest value of a member, in characters: a whole payload in a log line is a mistake.</summary>
    private const int ValueMax = 8_192;
    private const string Redacted = "[redacted]";
    private const string TemplateName = "{OriginalFormat}";

    private static readonly string[] _secretWords = ["secret", "password", "passphrase", "token", "authorization", "privatekey", "credential"];
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is not LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1_024);
        buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(buffer, _options))
        {
            var values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            var hasSecret = values.Any(static v => IsSecret(v.Key));
            writer.WriteStartObject();
            writer.WriteString("time", time.GetUtcNow().UtcDateTime);
            writer.WriteString("level", LevelName(logLevel));
            writer.WriteString("logger", category);
            if (eventId.Id != 0)
                writer.WriteNumber("event", eventId.Id);
            writer.WriteString("message", Cut(hasSecret ? Template(values) : formatter(state, exception)));
            if (System.Diagnostics.Activity.Current is { } activity)
                writer.WriteString("trace", activity.TraceId.ToHexString());
            foreach (var (name, value) in values)
            {
                if (name == TemplateName)
                    continue;
                writer.WritePropertyName(MemberName(name));
                WriteValue(writer, IsSecret(name) ? Redacted : value);
            }

            if (exception is not null)
                writer.WriteString("exception", Cut(exception.ToString()));
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        file.Write(buffer.WrittenSpan);
    }

    private static bool IsSecret(string name)
    {
        // "TokenCount" says how many, not which; everything else that sounds secret is taken for it.
        foreach (var word in _secretWords)
        {
            if (name.Contains(word, StringComparison.OrdinalIgnoreCase) && !name.EndsWith("Count", StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static string Template(IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        foreach (var (name, value) in values)
        {
            if (name == TemplateName)
                return value as string ?? Redacted;
        }

        return Redacted;
    }

    /// <summary>Named values are members beside the fixed ones, and must not pass for them.</summary>
    private static string MemberName(string name)
    {
        var camel = JsonNamingPolicy.CamelCase.ConvertName(name);
        return camel is "time" or "level" or "logger" or "event" or "message" or "trace" or "exception" ? camel + "Value" : camel;
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue(Cut(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
                break;
        }
    }

    private static string Cut(string text) => text.Length <= ValueMax ? text : text[..ValueMax] + "…";

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
