using System.Text;
using Skep.S3.Requests;

namespace Skep.S3.Tests.Requests;

public sealed class EncodedWordsTests
{
    [Theory]
    [InlineData("plain, with = and ?", "plain, with = and ?")]
    [InlineData("", "")]
    [InlineData("Grüße", "=?UTF-8?B?R3LDvMOfZQ==?=")]
    [InlineData("a\nb", "=?UTF-8?B?YQpi?=")]
    public void Only_what_a_header_cannot_carry_is_encoded(string text, string header) => Assert.Equal(header, EncodedWords.Encode(text));

    [Theory]
    [InlineData("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße")]
    [InlineData("=?utf-8?q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle")]
    [InlineData("=?ISO-8859-1?Q?Gr=FC=DFe?=", "Grüße")]
    [InlineData("=?UTF-8?B?R3I=?= =?UTF-8?B?w7w=?=", "Grü")]
    [InlineData("=?UTF-8?B?R3LD?= =?UTF-8?B?vA==?=", "Grü")]
    [InlineData("to =?UTF-8?B?w7w=?= and on", "to ü and on")]
    [InlineData("=?KOI8-R?B?w7w=?=", "=?KOI8-R?B?w7w=?=")]
    [InlineData("=?UTF-8?B?not base64?=", "=?UTF-8?B?not base64?=")]
    [InlineData("=?UTF-8?Q?=C?=", "=?UTF-8?Q?=C?=")]
    [InlineData("=?UTF-8?B?w7w=", "=?UTF-8?B?w7w=")]
    [InlineData("=?", "=?")]
    [InlineData("==?x?=", "==?x?=")]
    public void Words_are_read_and_all_else_stays(string header, string text) => Assert.Equal(text, EncodedWords.Decode(header));

    [Fact]
    public void Every_text_comes_back_in_words_of_at_most_75_characters()
    {
        var random = Seed.NewRandom();
        for (var i = 0; i < 1_000; i++)
        {
            var text = Seed.NewKey(random) + Seed.NewKey(random) + "ü";
            var header = EncodedWords.Encode(text);
            Assert.True(Ascii.IsValid(header));
            Assert.All(header.Split(' '), word => Assert.InRange(word.Length, 1, 75));
            Assert.Equal(text, EncodedWords.Decode(header));
        }
    }
}
