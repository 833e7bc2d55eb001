namespace Skep.Kubernetes.Output;

/// <summary>Ages as people read them in tables: "45s", "2m30s", "5h10m", "3d4h", "2y40d". Two units at most, the second only while it matters.</summary>
internal static class HumanAge
{
    /// <summary>The age of something that happened at <paramref name="then"/>.</summary>
    public static string Format(DateTimeOffset then, DateTimeOffset now)
    {
        var age = now - then;
        // Clocks of machines differ a little; a moment in the future is "now".
        if (age < TimeSpan.Zero)
            return age > TimeSpan.FromSeconds(-2) ? "0s" : "<invalid>";
        var (seconds, minutes, hours, days) = ((long)age.TotalSeconds, (long)age.TotalMinutes, (long)age.TotalHours, (long)age.TotalDays);
        if (seconds < 120)
            return $"{seconds}s";
        if (minutes < 10)
            return Two(minutes, "m", seconds % 60, "s");
        if (minutes < 180)
            return $"{minutes}m";
        if (hours < 8)
            return Two(hours, "h", minutes % 60, "m");
        if (hours < 48)
            return $"{hours}h";
        if (days < 8)
            return Two(days, "d", hours % 24, "h");
        if (days < 2 * 365)
            return $"{days}d";
        return days < 8 * 365 ? Two(days / 365, "y", days % 365, "d") : $"{days / 365}y";
    }

    private static string Two(long first, string firstUnit, long second, string secondUnit) =>
        second == 0 ? $"{first}{firstUnit}" : $"{first}{firstUnit}{second}{secondUnit}";
}
