using Skep.Core.S3Client;

namespace Skep.Core.Tests.S3Client;

public sealed class S3CredentialsFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-keys-").FullName;

    private string FilePath => Path.Combine(_directory, "credentials");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Reads_its_section_and_sees_a_new_key()
    {
        File.WriteAllText(FilePath, "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n[other]\naws_access_key_id=C\naws_secret_access_key=D\naws_session_token=E\n");
        var file = new S3CredentialsFile(FilePath, "default");
        Assert.Equal(new("A", "B", null), file.Get());
        Assert.Equal(new("C", "D", "E"), new S3CredentialsFile(FilePath, "other").Get());
        File.WriteAllText(FilePath, "[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
        File.SetLastWriteTimeUtc(FilePath, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(new("F", "G", null), file.Get());
    }

    [Fact]
    public void Says_what_is_missing()
    {
        Assert.Contains("cannot be read", Assert.Throws<S3ConfigurationException>(() => new S3CredentialsFile(FilePath, "default").Get()).Message, StringComparison.Ordinal);
        File.WriteAllText(FilePath, "[default]\naws_access_key_id=A\n");
        Assert.Contains("in section [default]", Assert.Throws<S3ConfigurationException>(() => new S3CredentialsFile(FilePath, "default").Get()).Message, StringComparison.Ordinal);
    }
}
