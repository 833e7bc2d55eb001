using Skep.Objects;
using Skep.S3.Objects;

namespace Skep.S3.Tests.Objects;

public sealed class ConditionsTests
{
    private static readonly DateTimeOffset _modified = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly ObjectVersion _version = new() { Key = "k", VersionId = "null", ETag = "abc", LastModified = _modified };

    [Theory]
    [InlineData("\"abc\"", null, "Proceed")]
    [InlineData("abc", null, "Proceed")]
    [InlineData("*", null, "Proceed")]
    [InlineData("\"x\", \"abc\"", null, "Proceed")]
    [InlineData("\"x\"", null, "Failed")]
    [InlineData(null, "\"abc\"", "NotModified")]
    [InlineData(null, "W/\"abc\"", "NotModified")]
    [InlineData(null, "*", "NotModified")]
    [InlineData(null, "\"x\"", "Proceed")]
    [InlineData("\"abc\"", "\"abc\"", "NotModified")]
    [InlineData("\"x\"", "\"abc\"", "Failed")]
    public void Tags(string? ifMatch, string? ifNoneMatch, string expected) =>
        Assert.Equal(expected, new Conditions(ifMatch, ifNoneMatch, null, null).Judge(_version).ToString());

    [Theory]
    [InlineData(0, null, "NotModified")]
    [InlineData(1, null, "NotModified")]
    [InlineData(-1, null, "Proceed")]
    [InlineData(null, 0, "Proceed")]
    [InlineData(null, 1, "Proceed")]
    [InlineData(null, -1, "Failed")]
    public void Times_count_whole_seconds(int? sinceSeconds, int? unmodifiedSeconds, string expected) =>
        Assert.Equal(expected, new Conditions(null, null, At(sinceSeconds), At(unmodifiedSeconds)).Judge(_version).ToString());

    [Fact]
    public void A_matching_tag_outweighs_the_time() =>
        Assert.Equal(ConditionResult.Proceed, new Conditions("abc", null, null, At(-100)).Judge(_version));

    [Fact]
    public void Another_tag_outweighs_the_time() =>
        Assert.Equal(ConditionResult.Proceed, new Conditions(null, "x", At(100), null).Judge(_version));

    [Theory]
    [InlineData("yesterday")]
    [InlineData(null)]
    public void A_date_that_cannot_be_read_is_none(string? text) => Assert.Null(Conditions.Time(text));

    private static DateTimeOffset? At(int? seconds) => seconds is { } s ? DateTimeOffset.FromUnixTimeSeconds(_modified.ToUnixTimeSeconds() + s) : null;
}
