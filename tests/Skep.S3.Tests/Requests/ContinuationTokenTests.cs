using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Tests.Requests;

public sealed class ContinuationTokenTests
{
    [Fact]
    public void Comes_back_as_it_went()
    {
        var random = Seed.NewRandom();
        for (var i = 0; i < 500; i++)
        {
            var key = Seed.NewKey(random);
            Assert.Equal(key, ContinuationToken.Decode(ContinuationToken.Encode(key)));
        }
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("_w")]
    public void Refuses_what_was_not_made_here(string token) =>
        Assert.Equal("InvalidArgument", Assert.Throws<S3Exception>(() => ContinuationToken.Decode(token)).Code);
}
