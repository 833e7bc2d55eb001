using System.CommandLine;
using System.Globalization;

namespace Skep.Cli;

/// <summary>Lengths of time as people write them: 90s, 10m, 2h.</summary>
internal static class Durations
{
    /// <summary>An option whose value is a length of time.</summary>
    public static Option<TimeSpan> Option(string name, string description, TimeSpan defaultValue)
    {
        var option = new Option<TimeSpan>(name)
        {
            Description = $"{description} For example 90s or 10m; {Render(defaultValue)} by default.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (Parse(result.Tokens[0].Value) is { } time)
                    return time;
                result.AddError($"{name}: \"{result.Tokens[0].Value}\" is not a time such as 90s, 10m or 2h");
                return default;
            },
            DefaultValueFactory = _ => defaultValue,
        };
        return option;
    }

    /// <summary>An option for a length of time that has no default.</summary>
    public static Option<TimeSpan?> Optional(string name, string description) => new(name)
    {
        Description = $"{description} For example 90s or 10m.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Parse(result.Tokens[0].Value) is { } time)
                return time;
            result.AddError($"{name}: \"{result.Tokens[0].Value}\" is not a time such as 90s, 10m or 2h");
            return null;
        },
    };

    /// <summary>Reads one; null when it is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        var unit = text.Length > 0 && char.IsAsciiLetter(text[^1]) ? text[^1] : 's';
        var number = text.TrimEnd('s', 'm', 'h');
        var seconds = unit switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        return text.Length - number.Length <= 1 && seconds > 0
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and < 1_000_000
                ? TimeSpan.FromSeconds((double)count * seconds)
                : null;
    }

    /// <summary>Writes one.</summary>
    public static string Render(TimeSpan time) =>
        time.TotalHours >= 1 && time is { Minutes: 0, Seconds: 0 } ? $"{(int)time.TotalHours}h"
        : time.TotalMinutes >= 1 && time.Seconds == 0 ? $"{(int)time.TotalMinutes}m"
        : $"{(int)time.TotalSeconds}s";
}
