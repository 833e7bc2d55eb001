using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;

namespace Skep.Core.Tests.Store.Sqlite;

public sealed class SecretsAtRestTests
{
    private const string Marker = "PLAINTEXT-MARKER-5b1c";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sensitive_documents_are_nowhere_in_the_files_and_come_back_whole()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync([LogData.Secret(1, "s", Marker), LogData.ConfigMap(2, ChangeType.Create, "c", "VISIBLE-MARKER")], Ct);
            Assert.Contains(Marker, LogData.Text((await log.ReadAsync(0, 1, Ct))[0].Json), StringComparison.Ordinal);
            Assert.False(AnyFileContains(directory, Marker));
            Assert.True(AnyFileContains(directory, "VISIBLE-MARKER"));
        }

        Assert.False(AnyFileContains(directory, Marker));
        await using var again = LogData.Log(directory);
        var state = await again.OpenAsync(Ct);
        Assert.Contains(Marker, LogData.Text(state.Resources.Single(r => r.Key.Name == "s").Json), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_key_file_is_named()
    {
        using var directory = await WithSecretAsync();
        File.Delete(directory["secrets.key"]);
        await AssertRefusedAsync(directory, $"{directory["secrets.key"]} is missing");
        Assert.False(File.Exists(directory["secrets.key"]));
    }

    [Fact]
    public async Task A_wrong_key_file_is_named_with_both_key_ids()
    {
        using var directory = await WithSecretAsync();
        using var other = await WithSecretAsync();
        File.Copy(other["secrets.key"], directory["secrets.key"], overwrite: true);
        await AssertRefusedAsync(directory, "belongs to key");
    }

    [Fact]
    public async Task A_key_file_that_others_can_read_is_refused()
    {
        using var directory = await WithSecretAsync();
        File.SetUnixFileMode(directory["secrets.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        await AssertRefusedAsync(directory, "chmod 600");
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    public async Task A_key_file_that_is_no_key_is_refused(string content)
    {
        using var directory = await WithSecretAsync();
        await File.WriteAllTextAsync(directory["secrets.key"], content, Ct);
        await AssertRefusedAsync(directory, "is not a secrets key");
    }

    [Fact]
    public async Task A_key_file_without_a_database_is_adopted()
    {
        using var directory = new TempDirectory();
        var key = SecretsKey.Create(directory["secrets.key"]);
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        Assert.Equal(key.Id, SecretsKey.Read(directory["secrets.key"])!.Id);
    }

    [Fact]
    public void A_record_does_not_decrypt_changed_cut_or_under_another_resources_name()
    {
        using var directory = new TempDirectory();
        using var cipher = new DocumentCipher(SecretsKey.Create(directory["secrets.key"]));
        var key = CoreKinds.Secret.Key("default", "a");
        var document = Encoding.UTF8.GetBytes("""{"data":{}}""");
        var record = cipher.Encrypt(key, document);
        Assert.Equal(document, cipher.Decrypt(key, record));
        Assert.Throws<IOException>(() => cipher.Decrypt(CoreKinds.Secret.Key("default", "b"), record));
        for (var i = 1; i < record.Length; i++)
        {
            var changed = (byte[])record.Clone();
            changed[i] ^= 1;
            Assert.Throws<IOException>(() => cipher.Decrypt(key, changed));
            Assert.Throws<IOException>(() => cipher.Decrypt(key, record.AsSpan(0, i)));
        }
    }

    private static async Task<TempDirectory> WithSecretAsync()
    {
        var directory = new TempDirectory();
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        await log.AppendAsync([LogData.Secret(1, "s", Marker)], Ct);
        return directory;
    }

    private static async Task AssertRefusedAsync(TempDirectory directory, string expected)
    {
        await using var log = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<IOException>(() => log.OpenAsync(Ct));
        Assert.Contains(expected, ex.Message, StringComparison.Ordinal);
    }

    private static bool AnyFileContains(TempDirectory directory, string text) =>
        Directory.GetFiles(directory.Path, "skep.db*").Where(f => !f.EndsWith(".lock", StringComparison.Ordinal))
            .Any(f => File.ReadAllBytes(f).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
}
