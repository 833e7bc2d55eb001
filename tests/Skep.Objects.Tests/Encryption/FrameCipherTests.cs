using System.Security.Cryptography;
using Skep.Objects.Encryption;

namespace Skep.Objects.Tests.Encryption;

public sealed class FrameCipherTests
{
    private static readonly byte[] _key = RandomNumberGenerator.GetBytes(FrameCipher.KeyBytes);

    [Fact]
    public void Frames_are_bound_to_their_place_their_content_and_their_key()
    {
        var plain = RandomNumberGenerator.GetBytes(FrameCipher.FrameBytes + 100);
        using var cipher = FrameCipher.Create(_key);
        var stored = new byte[FrameCipher.StoredBytes(plain.Length)];
        Assert.Equal(stored.Length, cipher.Encrypt(0, plain, stored));
        var first = stored[..(FrameCipher.FrameBytes + FrameCipher.TagBytes)];
        var frame = new byte[FrameCipher.FrameBytes];
        cipher.Decrypt(0, first, frame);
        Assert.Equal(plain[..FrameCipher.FrameBytes], frame);
        Assert.Throws<AuthenticationTagMismatchException>(() => cipher.Decrypt(1, first, frame));
        using var other = FrameCipher.Create(_key);
        Assert.Throws<AuthenticationTagMismatchException>(() => other.Decrypt(0, first, frame));
        first[5] ^= 1;
        Assert.Throws<AuthenticationTagMismatchException>(() => cipher.Decrypt(0, first, frame));
    }

    [Fact]
    public void A_seal_opens_with_its_key_and_its_length_alone()
    {
        using var cipher = FrameCipher.Create(_key);
        var seal = cipher.Seal(1_000);
        Assert.Equal(FrameCipher.SealBytes, seal.Length);
        using var again = FrameCipher.Open(_key, seal, 1_000, "it");
        Assert.Equal(ObjectError.WrongKey, Assert.Throws<ObjectException>(() => FrameCipher.Open(_key, seal, 999, "it")).Error);
        Assert.Equal(ObjectError.WrongKey, Assert.Throws<ObjectException>(() => FrameCipher.Open(new byte[FrameCipher.KeyBytes], seal, 1_000, "it")).Error);
        Assert.Equal(ObjectError.InvalidArgument, Assert.Throws<ObjectException>(() => FrameCipher.Create(new byte[16])).Error);
    }
}
