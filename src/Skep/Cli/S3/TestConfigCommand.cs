using System.CommandLine;
using System.Globalization;
using System.Text;
using Skep.Daemon;

namespace Skep.Cli.S3;

/// <summary><c>skep s3 test-config</c>: a configuration for ceph/s3-tests, with the accounts that it names made.</summary>
internal static class TestConfigCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new Verb(
            "test-config",
            "Make the accounts, users and keys that the test suite ceph/s3-tests needs, and print its configuration. Run again, it prints the same.",
            "skep s3 test-config > s3tests.conf");
        verb.SetAction(async (parsed, ct) =>
        {
            var directory = context.DataDirectory(parsed);
            var endpoint = DaemonState.FindRunning(directory)?.S3Endpoint
                ?? throw new CliException($"no daemon serves S3 on a port of its own from {directory}", ExitCode.NotRunning, "Start one: skep up --s3-listen http://127.0.0.1:9000");
            using var client = context.Connect(parsed);
            var accounts = new List<TestAccount>();
            foreach (var section in TestAccount.Sections)
                accounts.Add(await TestAccount.EnsureAsync(client, context.Ids, section, ct));
            await context.Out.WriteAsync(Text(new Uri(endpoint), accounts));
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>The configuration, in the suite's form (s3tests.conf.SAMPLE).</summary>
    internal static string Text(Uri endpoint, IEnumerable<TestAccount> accounts)
    {
        var isSecure = endpoint.Scheme == Uri.UriSchemeHttps;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"[DEFAULT]\nhost = {endpoint.Host}\nport = {endpoint.Port}\nis_secure = {isSecure}\nssl_verify = False\n\n");
        text.Append("[fixtures]\nbucket prefix = skep-{random}-\n");
        foreach (var account in accounts)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n[{account.Section}]\n");
            text.Append(CultureInfo.InvariantCulture, $"user_id = {account.UserId}\ndisplay_name = {account.Name}\nemail = {account.Email}\n");
            text.Append(CultureInfo.InvariantCulture, $"access_key = {account.AccessKeyId}\nsecret_key = {account.SecretAccessKey}\n");
            if (account.Section == TestAccount.MainSection)
                text.Append("api_name = default\n");
            for (var i = 0; i < account.KmsKeyIds.Count; i++)
                text.Append(CultureInfo.InvariantCulture, $"kms_keyid{(i == 0 ? "" : i + 1)} = {account.KmsKeyIds[i]}\n");
            if (account.Section == "s3 tenant")
                text.Append(CultureInfo.InvariantCulture, $"tenant = {account.Name}\n");
        }

        return text.ToString();
    }
}
