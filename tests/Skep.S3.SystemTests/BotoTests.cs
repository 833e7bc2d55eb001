using Skep.SystemTests;

namespace Skep.S3.SystemTests;

/// <summary>boto3 against the daemon: its signer, serializer, parser and transfer manager are the judges.</summary>
public sealed class BotoTests
{
    private const string Python = "/usr/bin/python3";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("buckets.py")]
    [InlineData("objects.py")]
    [InlineData("versions.py")]
    [InlineData("uploads.py")]
    [InlineData("access.py")]
    [InlineData("signatures.py")]
    [InlineData("extensions.py")]
    [InlineData("encryption.py")]
    [InlineData("notifications.py", "--s3-lifecycle-day", "1")]
    [InlineData("quotas.py")]
    [InlineData("website.py")]
    [InlineData("lifecycle.py", "--s3-lifecycle-day", "2")]
    public async Task Script_passes(string script, params string[] options)
    {
        if ((await SkepProgram.RunAsync(Python, ["-c", "import boto3, requests"], Ct)).ExitCode != 0)
            Assert.Skip("Python's boto3 and requests are not installed (Debian packages python3-boto3, python3-requests)");
        await using var daemon = await S3Daemon.StartAsync(Ct, options);
        var result = await daemon.RunAsync(Python, [Path.Combine(AppContext.BaseDirectory, "Scripts", script)], Ct);
        Assert.True(result.ExitCode == 0 && result.Output.Trim() == "ok", $"{script}: exit {result.ExitCode}\n{result.Output}\n{result.Error}");
    }
}
