using Skep.Cli;
using Skep.Cli.Client;

namespace Skep.Tests.Cli.Client;

public sealed class DaemonFilesTests
{
    [Fact]
    public async Task Says_how_to_start_a_cloud_when_there_is_none()
    {
        var cli = new CliRun("/nonexistent/skep");
        Assert.Equal(ExitCode.NotRunning, await cli.RunAsync("vm list"));
        Assert.Contains("there is no cloud in /nonexistent/skep", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("skep up --detach", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("skep quickstart", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_so_when_the_daemon_that_was_there_does_not_answer()
    {
        string data;
        await using (var cloud = await FakeCloud.StartAsync())
        {
            data = Directory.CreateTempSubdirectory("skep-cli-").FullName;
            Directory.CreateDirectory(Path.Combine(data, "pki"));
            foreach (var file in new[] { "daemon.json", "credentials.json", "pki/ca.crt" })
                File.Copy(Path.Combine(cloud.DataDirectory, file), Path.Combine(data, file));
        }

        var cli = new CliRun(data);
        Assert.Equal(ExitCode.NotRunning, await cli.RunAsync("vm list"));
        Assert.Contains("no daemon answers at 127.0.0.1:", cli.Error.ToString(), StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Refuses_a_server_that_another_authority_vouches_for()
    {
        await using var cloud = await FakeCloud.StartAsync();
        await using var other = await FakeCloud.StartAsync();
        File.Copy(Path.Combine(other.DataDirectory, "pki/ca.crt"), Path.Combine(cloud.DataDirectory, "pki/ca.crt"), overwrite: true);

        var cli = cloud.Cli;
        Assert.Equal(ExitCode.NotRunning, await cli.RunAsync("vm list"));
        Assert.Contains("is not the daemon of", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(cloud.Requests);
    }

    [Theory]
    [InlineData("daemon.json", "{", "damaged")]
    [InlineData("credentials.json", "{\"accessKeyId\":\"A\"}", "has no \"secretAccessKey\"")]
    [InlineData("pki/ca.crt", "nothing", "CA certificate cannot be read")]
    public async Task Names_the_file_that_is_damaged(string file, string content, string part)
    {
        await using var cloud = await FakeCloud.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(cloud.DataDirectory, file), content, TestContext.Current.CancellationToken);
        var ex = Assert.Throws<CliException>(() => DaemonFiles.Read(cloud.DataDirectory));
        Assert.Contains(file, ex.Message, StringComparison.Ordinal);
        Assert.Contains(part, ex.Message, StringComparison.Ordinal);
    }
}
