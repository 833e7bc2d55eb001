using Skep.S3.Errors;
using Skep.S3.Listing;
using Skep.S3.Requests;

namespace Skep.S3.Tests.Listing;

public sealed class KeyEncodingTests
{
    [Fact]
    public void Encoded_keys_are_plain_and_come_back()
    {
        var random = Seed.NewRandom();
        var url = new KeyEncoding(IsUrl: true);
        for (var i = 0; i < 500; i++)
        {
            var key = Seed.NewKey(random);
            var encoded = url.Encode(key);
            Assert.All(encoded, c => Assert.True(char.IsAsciiLetterOrDigit(c) || "-._~%/".Contains(c)));
            Assert.Equal(key, Uri.UnescapeDataString(encoded));
        }
    }

    [Fact]
    public void Without_it_keys_stay() => Assert.Equal("a b/ü", KeyEncoding.Of(new S3Query("")).Encode("a b/ü"));

    [Fact]
    public void Knows_one_encoding() => Assert.Throws<S3Exception>(() => KeyEncoding.Of(new S3Query("encoding-type=base64")));
}
