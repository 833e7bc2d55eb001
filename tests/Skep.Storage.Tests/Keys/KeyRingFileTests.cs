using System.Security.Cryptography;
using Skep.Blocks.Keys;
using Skep.Storage.Keys;

namespace Skep.Storage.Tests.Keys;

public sealed class KeyRingFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-keys-").FullName;

    private string Path => System.IO.Path.Combine(_directory, KeyRingFile.FileName);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Makes_a_ring_once_and_reads_the_same_again()
    {
        var made = KeyRingFile.ReadOrCreate(Path, TimeProvider.System);
        var read = KeyRingFile.ReadOrCreate(Path, TimeProvider.System);

        Assert.Equal(made.CurrentKeyId, read.CurrentKeyId);
        Assert.Equal(KeyOf(made, made.CurrentKeyId), KeyOf(read, made.CurrentKeyId));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
    }

    [Fact]
    public void A_new_key_becomes_current_and_the_old_one_still_unwraps()
    {
        var before = KeyRingFile.ReadOrCreate(Path, TimeProvider.System);
        var dataKey = RandomNumberGenerator.GetBytes(KeyRing.KeyLength);
        var wrapped = WrappedKey.Wrap(before, dataKey, "vol-1", RandomNumberGenerator.GetBytes(12));

        var id = KeyRingFile.AddKey(Path, TimeProvider.System);

        var after = KeyRingFile.Read(Path);
        Assert.Equal(id, after.CurrentKeyId);
        Assert.NotEqual(before.CurrentKeyId, after.CurrentKeyId);
        Assert.Equal(dataKey, wrapped.Unwrap(after, "vol-1"));
    }

    [Fact]
    public void Refuses_a_file_that_others_may_read()
    {
        KeyRingFile.ReadOrCreate(Path, TimeProvider.System);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var error = Assert.Throws<IOException>(() => KeyRingFile.Read(Path));

        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"current":"a","keys":{}}""")]
    [InlineData("""{"current":"a","keys":{"a":"not base64"}}""")]
    [InlineData("""{"current":"a","keys":{"a":"AAAA"}}""")]
    public void Names_a_file_that_is_no_ring(string content)
    {
        File.WriteAllText(Path, content);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var error = Assert.Throws<IOException>(() => KeyRingFile.Read(Path));

        Assert.Contains("is not a key ring", error.Message, StringComparison.Ordinal);
        Assert.Contains(Path, error.Message, StringComparison.Ordinal);
    }

    private static byte[] KeyOf(KeyRing ring, string id) => ring.Find(id)!.Value.ToArray();
}
