using System.Security.Cryptography;
using Skep.Blocks.Keys;

namespace Skep.Blocks.Tests.Keys;

public sealed class WrappedKeyTests
{
    private static readonly byte[] _dataKey = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private readonly KeyRing _ring = new("k2", new Dictionary<string, byte[]> { ["k1"] = RandomNumberGenerator.GetBytes(32), ["k2"] = RandomNumberGenerator.GetBytes(32) });

    [Fact]
    public void Comes_back_by_the_key_that_wrapped_it()
    {
        var wrapped = Wrap();
        Assert.Equal("k2", wrapped.KeyId);
        Assert.Equal(_dataKey, wrapped.Unwrap(_ring, "volume"));
    }

    [Fact]
    public void Does_not_open_for_another_purpose_or_with_another_key()
    {
        Assert.ThrowsAny<CryptographicException>(() => Wrap().Unwrap(_ring, "snapshot"));
        Assert.ThrowsAny<CryptographicException>(() => (Wrap() with { KeyId = "k1" }).Unwrap(_ring, "volume"));
        Assert.ThrowsAny<CryptographicException>(() => (Wrap() with { KeyId = "k3" }).Unwrap(_ring, "volume"));
    }

    [Fact]
    public void Does_not_open_when_any_byte_changed_or_is_missing()
    {
        var wrapped = Wrap();
        for (var i = 0; i < wrapped.Bytes.Length; i++)
        {
            var changed = wrapped.Bytes.ToArray();
            changed[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => (wrapped with { Bytes = changed }).Unwrap(_ring, "volume"));
            Assert.ThrowsAny<CryptographicException>(() => (wrapped with { Bytes = wrapped.Bytes[..i] }).Unwrap(_ring, "volume"));
        }
    }

    [Fact]
    public void A_ring_refuses_keys_of_a_wrong_length_and_a_current_key_that_it_lacks()
    {
        Assert.Throws<ArgumentException>(() => new KeyRing("a", new Dictionary<string, byte[]> { ["a"] = new byte[31] }));
        Assert.Throws<ArgumentException>(() => new KeyRing("b", new Dictionary<string, byte[]> { ["a"] = new byte[32] }));
    }

    private WrappedKey Wrap() => WrappedKey.Wrap(_ring, _dataKey, "volume", RandomNumberGenerator.GetBytes(12));
}
