using System.Diagnostics.Metrics;

namespace Skep.Core.Observability;

/// <summary>
/// Names as OpenTelemetry translates its instruments for Prometheus: dots to underscores, the unit as suffix, counters
/// end in <c>_total</c> (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).
/// </summary>
internal static class PrometheusName
{
    /// <summary>The name of an instrument's metric family.</summary>
    public static string Of(Instrument instrument, bool isCounter)
    {
        var name = Sanitize(instrument.Name);
        var unit = UnitSuffix(instrument.Unit);
        if (unit.Length > 0 && !name.EndsWith('_' + unit, StringComparison.Ordinal))
            name += '_' + unit;
        if (isCounter && !name.EndsWith("_total", StringComparison.Ordinal))
            name += "_total";
        return name;
    }

    /// <summary>Replaces what Prometheus does not allow in names.</summary>
    public static string Sanitize(string name)
    {
        var safe = string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });
        return safe.Length == 0 || char.IsAsciiDigit(safe[0]) ? '_' + safe : safe;
    }

    /// <summary>Escapes a label's value.</summary>
    public static string Escape(string value) =>
        value.AsSpan().IndexOfAny('\\', '"', '\n') < 0
            ? value
            : value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>Units are UCUM codes; annotations in braces ({request}) and "1" say nothing that a name needs.</summary>
    private static string UnitSuffix(string? unit) => unit switch
    {
        null or "" or "1" => "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "min" => "minutes",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "%" => "percent",
        "Cel" => "celsius",
        "Hz" => "hertz",
        _ when unit.StartsWith('{') => "",
        _ => Sanitize(unit),
    };
}
