namespace Skep.S3.Lifecycle;

/// <summary>
/// When a number of days after something is over: S3 adds the days and goes on to the next midnight UTC (user guide, "Lifecycle
/// rules: based on an object's age").
/// </summary>
/// <param name="Day">How long a day is. Other than 24 hours is for tests: then nothing is rounded.</param>
internal readonly record struct LifecycleClock(TimeSpan Day)
{
    /// <summary>More days than this never end: the calendar has an end.</summary>
    private const int DaysMax = 1_000_000;

    /// <summary>Real days.</summary>
    public static LifecycleClock Calendar { get; } = new(TimeSpan.FromDays(1));

    private bool IsCalendar => Day == TimeSpan.FromDays(1);

    /// <summary>When a number of days from a moment are over.</summary>
    public DateTimeOffset Due(DateTimeOffset from, int days)
    {
        if (days > DaysMax)
            return DateTimeOffset.MaxValue;
        var end = from.ToUniversalTime() + (Day * days);
        var midnight = new DateTimeOffset(end.Date, TimeSpan.Zero);
        return !IsCalendar || end == midnight ? end : midnight.AddDays(1);
    }
}
