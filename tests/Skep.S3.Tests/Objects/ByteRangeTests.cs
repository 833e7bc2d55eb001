using Skep.S3.Errors;
using Skep.S3.Objects;

namespace Skep.S3.Tests.Objects;

public sealed class ByteRangeTests
{
    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=2-5", 2, 4)]
    [InlineData("bytes=4-", 4, 6)]
    [InlineData("bytes=9-100", 9, 1)]
    [InlineData("bytes=-3", 7, 3)]
    [InlineData("bytes=-30", 0, 10)]
    public void Is_cut_to_the_object(string header, long offset, long length) =>
        Assert.Equal(new ByteRange(offset, length), ByteRange.Parse(header, 10));

    [Theory]
    [InlineData(null)]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1")]
    [InlineData("bytes=-")]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("items=0-1")]
    public void What_cannot_be_read_means_the_whole_object(string? header) => Assert.Null(ByteRange.Parse(header, 10));

    [Theory]
    [InlineData("bytes=10-", 10)]
    [InlineData("bytes=10-12", 10)]
    [InlineData("bytes=0-", 0)]
    [InlineData("bytes=-0", 10)]
    [InlineData("bytes=-5", 0)]
    public void Refuses_what_begins_behind_the_end(string header, long length)
    {
        var error = Assert.Throws<S3Exception>(() => ByteRange.Parse(header, length));
        Assert.Equal(("InvalidRange", 416), (error.Code, error.Status));
    }

    [Theory]
    [InlineData("bytes=0-10")]
    [InlineData("bytes=0-")]
    [InlineData("bytes=-5")]
    [InlineData("0-5")]
    [InlineData("bytes=5-4")]
    public void A_copy_names_both_ends_inside(string header) => Assert.Throws<S3Exception>(() => ByteRange.ParseCopy(header, 10));
}
