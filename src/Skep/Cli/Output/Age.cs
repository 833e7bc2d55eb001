using System.Globalization;

namespace Skep.Cli.Output;

/// <summary>Ages in kubectl's short form: 45s, 12m, 5h3m, 2d4h, 400d.</summary>
internal static class Age
{
    /// <summary>The age of a time stamp (RFC 3339); "" when there is none.</summary>
    public static string Of(string? timestamp, DateTimeOffset now) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var then)
            ? Render(now - then)
            : "";

    /// <summary>A length of time.</summary>
    public static string Render(TimeSpan age)
    {
        if (age < TimeSpan.Zero)
            age = TimeSpan.Zero;
        return age.TotalSeconds < 120 ? $"{(int)age.TotalSeconds}s"
            : age.TotalMinutes < 10 ? Two((int)age.TotalMinutes, "m", age.Seconds, "s")
            : age.TotalHours < 3 ? $"{(int)age.TotalMinutes}m"
            : age.TotalHours < 8 ? Two((int)age.TotalHours, "h", age.Minutes, "m")
            : age.TotalDays < 2 ? $"{(int)age.TotalHours}h"
            : age.TotalDays < 8 ? Two((int)age.TotalDays, "d", age.Hours, "h")
            : $"{(int)age.TotalDays}d";
    }

    private static string Two(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}
