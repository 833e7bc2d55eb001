using System.Globalization;

namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of the Numeric… operators, or of the Date… operators, which compare seconds since 1970.</summary>
internal sealed class OrderedValue(decimal wanted, Comparison comparison, bool isDate) : ConditionValue
{
    private static readonly string[] _dateFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd",
    ];

    public override bool IsFixed => true;

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved)
    {
        isUnresolved = false;
        return Read(value, isDate) is { } actual && comparison switch
        {
            Comparison.Equals => actual == wanted,
            Comparison.LessThan => actual < wanted,
            Comparison.LessThanEquals => actual <= wanted,
            Comparison.GreaterThan => actual > wanted,
            _ => actual >= wanted,
        };
    }

    /// <summary>A number, or a time as ISO 8601 or as seconds since 1970; null when it is neither.</summary>
    public static decimal? Read(string text, bool isDate)
    {
        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return number;
        return isDate && DateTimeOffset.TryParseExact(text, _dateFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? (decimal)(time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerSecond
            : null;
    }
}
