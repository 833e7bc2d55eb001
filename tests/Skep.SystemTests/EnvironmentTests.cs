namespace Skep.SystemTests;

/// <summary><c>eval "$(skep env)"</c> with ordinary shells and clients.</summary>
public sealed class EnvironmentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sh")]
    [InlineData("bash")]
    public async Task Survives_a_shell_whatever_the_directory_is_called(string shell)
    {
        await using var daemon = new TestDaemon("it's $HOME `here`");
        await daemon.StartAsync(Ct);
        var result = await SkepProgram.RunAsync(shell, ["-eu", "-c", """eval "$("$0" env --data "$1")"; printf '%s|%s|%s|%s' "$AWS_CA_BUNDLE" "$KUBECONFIG" "$AWS_ENDPOINT_URL" "${#AWS_SECRET_ACCESS_KEY}" """, SkepProgram.Path, daemon.DataDirectory], Ct);
        Assert.True(result.ExitCode == 0, result.Error);
        var endpoint = (string)(await daemon.StatusAsync(Ct))["endpoint"]!;
        Assert.Equal($"{daemon.DataDirectory}/pki/ca.crt|{daemon.DataDirectory}/kubeconfig|{endpoint}|40", result.Output);
    }

    [Fact]
    public async Task Is_an_error_without_a_daemon()
    {
        await using var daemon = new TestDaemon();
        var result = await daemon.RunAsync(Ct, "env");
        Assert.Equal(4, result.ExitCode);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task Makes_aws_work()
    {
        Assert.SkipUnless(IsInstalled("aws"), "aws is not installed");
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var result = await RunInShellAsync(daemon, "aws sts get-caller-identity --output text");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("arn:aws:iam::123456789012:user/admin", result.Output, StringComparison.Ordinal);

        var audit = await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "audit.log"), Ct);
        Assert.Contains("\"principal\":\"admin\"", audit, StringComparison.Ordinal);
        Assert.Contains("\"action\":\"sts:GetCallerIdentity\"", audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Makes_kubectl_work()
    {
        Assert.SkipUnless(IsInstalled("kubectl"), "kubectl is not installed");
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var result = await RunInShellAsync(daemon, "kubectl get namespaces -o name");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("namespace/default", result.Output, StringComparison.Ordinal);
    }

    private static Task<ProgramResult> RunInShellAsync(TestDaemon daemon, string command) =>
        SkepProgram.RunAsync("bash", ["-eu", "-c", $"""eval "$("$0" env --data "$1")"; {command}""", SkepProgram.Path, daemon.DataDirectory], Ct);

    private static bool IsInstalled(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(d => File.Exists(Path.Combine(d, program)));
}
