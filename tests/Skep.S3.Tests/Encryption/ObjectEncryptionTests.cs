using System.Security.Cryptography;
using Skep.Objects;
using Skep.S3.Encryption;

namespace Skep.S3.Tests.Encryption;

public sealed class ObjectEncryptionTests
{
    private static readonly byte[] _key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Only_the_store_s_own_encryption_leaves_the_etag_an_md5()
    {
        Assert.Null(ClaimsOf(new ObjectEncryption { Algorithm = ObjectEncryption.S3 }).ETagKey);
        var kms = ClaimsOf(new ObjectEncryption { Algorithm = ObjectEncryption.Kms });
        var customer = CustomerKey.Parse("AES256", Convert.ToBase64String(_key), Convert.ToBase64String(MD5.HashData(_key)), EncryptionHeaders.Customer);
        var (one, other) = (ClaimsOf(customer.Describe()), ClaimsOf(customer.Describe()));
        Assert.All([kms, one, other], claims => Assert.Equal(32, claims.ETagKey!.Value.Length));
        // Two objects of one customer's key do not tell that they are the same.
        Assert.Distinct(new[] { kms, one, other }.Select(c => Convert.ToHexString(c.ETagKey!.Value.Span)));
    }

    [Fact]
    public void What_is_not_encrypted_has_no_claims_of_it()
    {
        Assert.Same(BodyClaims.None, WriteEncryption.None.Apply(BodyClaims.None));
        Assert.True(WriteEncryption.None.Stored.IsEmpty);
        Assert.Null(ObjectEncryption.Decode(default));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void What_cannot_be_read_is_damage(string stored) =>
        Assert.Equal(ObjectError.Damaged, Assert.Throws<ObjectException>(() => ObjectEncryption.Decode(System.Text.Encoding.UTF8.GetBytes(stored))).Error);

    private static BodyClaims ClaimsOf(ObjectEncryption encryption) => new WriteEncryption(encryption, _key, Customer: null).Apply(BodyClaims.None);
}
