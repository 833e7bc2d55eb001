using Skep.Core.Hosting;
using Skep.Objects;
using Skep.S3.Encryption;
using Skep.Storage.Keys;

namespace Skep.S3.Tests.Encryption;

public sealed class DataKeysTests : IDisposable
{
    private static readonly ObjectAddress _owner = new("bucket", "key");
    private static readonly ObjectEncryption _wanted = new() { Algorithm = ObjectEncryption.Kms, KmsKeyId = "arn:aws:kms:us-east-1:111122223333:key/a", Context = "e30=" };

    private readonly string _directory = Directory.CreateTempSubdirectory("skep-data-keys-").FullName;
    private readonly SkepOptions _options;
    private readonly DataKeys _keys;

    public DataKeysTests()
    {
        _options = new SkepOptions { DataDirectory = _directory, NodeName = "n", HostPrefix = "p" };
        _keys = new DataKeys(_options, TimeProvider.System);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_key_comes_back_for_its_object_also_after_a_restart()
    {
        var (key, encryption) = _keys.Create(_wanted, _owner);
        var stored = ObjectEncryption.Decode(encryption.Encode())!;
        Assert.Equal(key, new DataKeys(_options, TimeProvider.System).Unwrap(stored, _owner with { VersionId = "v" }));
        Assert.NotEqual(key, _keys.Create(_wanted, _owner).Key);
    }

    [Fact]
    public void A_wrapped_key_cannot_be_moved_to_anything_else()
    {
        var (_, encryption) = _keys.Create(_wanted, _owner);
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption, _owner with { Key = "other" }));
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption, _owner with { Bucket = "other" }));
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption with { KmsKeyId = "arn:aws:kms:us-east-1:111122223333:key/b" }, _owner));
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption with { Context = null }, _owner));
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption with { Algorithm = ObjectEncryption.S3 }, _owner));
        Assert.Throws<IOException>(() => _keys.Unwrap(encryption with { WrappedKey = null }, _owner));
    }

    [Fact]
    public void A_new_key_of_the_ring_wraps_what_is_new_and_the_old_one_still_opens_what_is_old()
    {
        var (key, old) = _keys.Create(_wanted, _owner);
        var current = KeyRingFile.AddKey(Path.Combine(_directory, KeyRingFile.FileName), TimeProvider.System);
        // Files keep their time in coarser steps than this test takes.
        File.SetLastWriteTimeUtc(Path.Combine(_directory, KeyRingFile.FileName), File.GetLastWriteTimeUtc(Path.Combine(_directory, KeyRingFile.FileName)).AddSeconds(1));
        Assert.Equal(current, _keys.Create(_wanted, _owner).Encryption.RingKeyId);
        Assert.NotEqual(current, old.RingKeyId);
        Assert.Equal(key, _keys.Unwrap(old, _owner));
    }
}
