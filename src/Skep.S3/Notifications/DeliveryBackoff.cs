namespace Skep.S3.Notifications;

/// <summary>How long to wait after failures in a row: a second, twice that, and so on up to five minutes.</summary>
internal static class DeliveryBackoff
{
    private const int DoublingsMax = 9;

    private static readonly TimeSpan _max = TimeSpan.FromMinutes(5);

    /// <summary>The pause after so many failures.</summary>
    public static TimeSpan After(int failures)
    {
        var pause = TimeSpan.FromSeconds(1 << Math.Clamp(failures - 1, 0, DoublingsMax));
        return pause < _max ? pause : _max;
    }
}
