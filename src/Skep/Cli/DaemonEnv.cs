using System.CommandLine;
using Skep.Cli.Client;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Daemon;

namespace Skep.Cli;

/// <summary><c>skep env</c>: shell code that points aws, kubectl and every AWS SDK at this cloud.</summary>
internal static class DaemonEnv
{
    /// <summary>
    /// aws-cli before 1.29 and 2.13 (Debian 12 has 2.9.19) ignores AWS_ENDPOINT_URL, so a function passes it on. It is
    /// always defined: asking `aws --version` would cost half a second at every use, newer versions take the option just
    /// as well, and one that the user adds comes later and wins. Without the variable the function does nothing, so
    /// `unset AWS_ENDPOINT_URL` is all it takes to speak to AWS again. The option is one word on purpose: zsh does not
    /// split the result of an expansion.
    /// </summary>
    private const string AwsFunction = """aws() { command aws ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "$@"; }""";

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var command = new Verb(
            "env",
            "Print shell code that makes aws, kubectl and the AWS SDKs use this cloud: eval \"$(skep env)\"",
            "eval \"$(skep env)\"  # then: aws ec2 describe-instances; kubectl get instances");
        command.SetAction((parsed, _) =>
        {
            var directory = context.DataDirectory(parsed);
            var endpoint = DaemonState.FindRunning(directory)?.Endpoint ?? throw DaemonFiles.NotRunning(directory, $"no daemon runs on {directory}");
            context.Out.Write(Text(directory, endpoint, ReadCredentials(directory)));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    /// <summary>The shell code, for sh, bash and zsh.</summary>
    internal static string Text(string directory, string endpoint, AdminCredentials credentials)
    {
        (string Name, string Value)[] variables =
        [
            ("AWS_ACCESS_KEY_ID", credentials.AccessKeyId),
            ("AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_CA_BUNDLE", Path.Combine(directory, "pki", "ca.crt")),
            ("AWS_DEFAULT_REGION", credentials.Region),
            ("AWS_PAGER", ""),
            ("KUBECONFIG", Path.Combine(directory, KubeConfig.FileName)),
        ];
        // A session token or profile of another cloud in the same shell would spoil every signature.
        return $"unset AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION\n{string.Concat(variables.Select(v => $"export {v.Name}={Quote(v.Value)}\n"))}{AwsFunction}\n";
    }

    /// <summary>A word that the shell takes as it is, whatever is in it.</summary>
    internal static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static AdminCredentials ReadCredentials(string directory)
    {
        var path = Path.Combine(directory, AdminCredentials.FileName);
        try
        {
            return AdminCredentials.Read(path) ?? throw new CliException($"{path} is not there: restart the daemon to have new credentials made");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"{path}: permission denied", ExitCode.Denied, "The cloud belongs to another user: run the same with sudo, or name your own data directory with --data DIR.");
        }
        catch (IdentityException ex)
        {
            throw new CliException(ex.Message);
        }
    }
}
