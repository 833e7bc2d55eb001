using Skep.Kubernetes.Output;

namespace Skep.Kubernetes.Tests.Output;

public sealed class HumanAgeTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(150, "2m30s")]
    [InlineData(599, "9m59s")]
    [InlineData(600, "10m")]
    [InlineData(3 * 3600 - 1, "179m")]
    [InlineData(3 * 3600, "3h")]
    [InlineData(5 * 3600 + 600, "5h10m")]
    [InlineData(8 * 3600, "8h")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(48 * 3600, "2d")]
    [InlineData(76 * 3600, "3d4h")]
    [InlineData(8 * 86400, "8d")]
    [InlineData(729 * 86400, "729d")]
    [InlineData(770 * 86400, "2y40d")]
    [InlineData(3000L * 86400, "8y")]
    [InlineData(-1, "0s")]
    [InlineData(-60, "<invalid>")]
    public void Shows_two_units_at_most(long seconds, string expected)
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        Assert.Equal(expected, HumanAge.Format(now.AddSeconds(-seconds), now));
    }
}
