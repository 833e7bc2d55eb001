using System.Security.Cryptography;
using System.Text;
using Skep.S3.Encryption;
using Skep.S3.Errors;

namespace Skep.S3.Tests.Encryption;

public sealed class CustomerKeyTests
{
    private const string Prefix = EncryptionHeaders.Customer;

    private static readonly byte[] _key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Opens_what_was_encrypted_with_it_and_nothing_else()
    {
        var encryption = Parse(_key).Describe();
        Parse(_key).RequireFor(encryption);
        var other = _key.ToArray();
        other[31] ^= 1;
        Assert.Equal(400, Assert.Throws<S3Exception>(() => Parse(other).RequireFor(encryption)).Status);
    }

    [Fact]
    public void Nothing_that_is_kept_is_the_same_for_the_same_key_or_gives_it_away()
    {
        var (first, second) = (Parse(_key).Describe().Encode(), Parse(_key).Describe().Encode());
        Assert.NotEqual(first, second);
        foreach (var secret in (string[])[Convert.ToBase64String(_key), Convert.ToBase64String(MD5.HashData(_key)), Convert.ToHexStringLower(_key)])
            Assert.DoesNotContain(secret, Encoding.UTF8.GetString(first), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(null, "", "", "InvalidArgument")]
    [InlineData("AES192", "", "", "InvalidEncryptionAlgorithmError")]
    [InlineData("AES256", null, "", "InvalidArgument")]
    [InlineData("AES256", "", null, "InvalidArgument")]
    [InlineData("AES256", "not base64", "", "InvalidArgument")]
    [InlineData("AES256", "AAAA", "", "InvalidArgument")]
    [InlineData("AES256", "", "AAAAAAAAAAAAAAAAAAAAAA==", "InvalidArgument")]
    [InlineData("AES256", "", "AAAA", "InvalidArgument")]
    public void All_of_it_must_be_right(string? algorithm, string? key, string? md5, string code)
    {
        // "" stands for what would be right.
        var text = key is "" ? Convert.ToBase64String(_key) : key;
        var error = Assert.Throws<S3Exception>(() => CustomerKey.Parse(algorithm, text, md5 is "" ? Convert.ToBase64String(MD5.HashData(_key)) : md5, Prefix));
        Assert.Equal((code, 400), (error.Code, error.Status));
        Assert.DoesNotContain(error.Details, d => text is { Length: > 8 } && d.Value.Contains(text, StringComparison.Ordinal));
    }

    private static CustomerKey Parse(byte[] key) => CustomerKey.Parse("AES256", Convert.ToBase64String(key), Convert.ToBase64String(MD5.HashData(key)), Prefix);
}
