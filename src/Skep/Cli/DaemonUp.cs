using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Skep.Core.S3Client;
using Skep.Daemon;
using Skep.Gateway;

namespace Skep.Cli;

/// <summary><c>skep up</c>: runs the daemon.</summary>
internal static class DaemonUp
{
    private const int LifecycleDaySecondsMax = 86_400;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var listen = new Option<IPEndPoint>("--listen")
        {
            Description = "Where to serve the API: ADDRESS:PORT, or a port on 127.0.0.1. Port 0 lets the system choose.",
            HelpName = "ADDRESS:PORT",
            CustomParser = result =>
            {
                if (TryParseEndPoint(result.Tokens[0].Value, out var endPoint))
                    return endPoint;
                result.AddError($"'{result.Tokens[0].Value}' is not ADDRESS:PORT (for example 127.0.0.1:9999, 0.0.0.0:9999, [::1]:9999)");
                return null;
            },
            DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, GatewayOptions.DefaultPort),
        };
        var s3Listen = new Option<string?>("--s3-listen")
        {
            Description = "Where to serve S3 alone: ADDRESS:PORT or a port, with http:// in front for no TLS; off for nowhere (default: port 9000 on the address of --listen, if it is free).",
            HelpName = "[http://]ADDRESS:PORT|off",
        };
        s3Listen.Validators.Add(result =>
        {
            if (result.GetValue(s3Listen) is { } text && !S3Listen.TryParse(text, out _))
                result.AddError($"'{text}' is neither ADDRESS:PORT (for example 127.0.0.1:9000, http://0.0.0.0:9000) nor off");
        });
        var s3Domains = new Option<string[]>("--s3-domain") { Description = "A name whose subdomains are buckets (virtual-hosted addresses), beside localhost. May be repeated.", HelpName = "NAME", DefaultValueFactory = _ => [] };
        var s3LifecycleDay = new Option<int?>("--s3-lifecycle-day") { Description = "For tests: how many seconds a day of S3's lifecycle rules lasts. Objects go that much sooner.", HelpName = "SECONDS" };
        s3LifecycleDay.Validators.Add(result =>
        {
            if (result.GetValue(s3LifecycleDay) is { } seconds and not (>= 1 and <= LifecycleDaySecondsMax))
                result.AddError($"a day of {seconds} seconds is not possible: give 1 to {LifecycleDaySecondsMax}");
        });
        var s3Backend = new Option<string?>("--s3-backend")
        {
            Description = "Keep objects in another S3 server: s3://[PREFIX]?endpoint=URL&credentials=FILE, with what names of buckets begin with there as PREFIX, and region=, style=path|virtual, ca=FILE, profile=, checksums=keep|verify as needed (see docs/s3.md; default: on this machine).",
            HelpName = "URL",
        };
        s3Backend.Validators.Add(result =>
        {
            if (result.GetValue(s3Backend) is not { } url)
                return;
            if (!S3Location.TryParseBuckets(url, out var location, out var problem))
                result.AddError(problem);
            else if (location.CredentialsFile is null)
                result.AddError($"'{url}' has no credentials=FILE: a file in the form of ~/.aws/credentials");
        });
        var detach = new Option<bool>("--detach", "-d") { Description = "Run in the background; return when the daemon is ready. Its output goes to daemon.log in the data directory." };
        var simulate = new Option<bool>("--simulate") { Description = "Simulate machines: instances change state at once and nothing on this host is touched." };
        var acceleration = new Option<string?>("--accel") { Description = "How machines run: kvm or tcg (default: kvm where it is real; see `skep doctor`).", HelpName = "kvm|tcg" };
        acceleration.AcceptOnlyFromAmong("kvm", "tcg");
        var nodeName = new Option<string?>("--node-name") { Description = "This machine's name among the nodes (default: its host name).", HelpName = "NAME" };
        nodeName.Validators.Add(result =>
        {
            if (result.GetValue(nodeName) is { } name && !IsNodeName(name))
                result.AddError($"'{name}' is not a node name: use lower-case letters, digits, '-' and '.', at most 63");
        });

        var command = new Verb(
            "up",
            "Run the daemon. The first start makes the certificates and the admin's credentials.",
            "sudo skep up --detach",
            "skep up --simulate --data /tmp/try  # no root, no machines: for trying things out",
            "sudo skep up --listen 0.0.0.0:9999  # for other machines too",
            "sudo skep up --s3-backend \"s3://?endpoint=https://rgw.example:7480&credentials=/etc/skep/rgw.keys\"  # objects in a Ceph cluster") { listen, s3Listen, s3Domains, s3LifecycleDay, s3Backend, detach, simulate, acceleration, nodeName };
        command.SetAction(async (parsed, ct) =>
        {
            var api = parsed.GetValue(listen)!;
            var options = new DaemonOptions
            {
                DataDirectory = context.DataDirectory(parsed),
                Listen = api,
                S3Listen = parsed.GetValue(s3Listen) is { } text ? ParseS3(text) : S3Listen.Default(api),
                S3Domains = parsed.GetValue(s3Domains)!,
                S3LifecycleDay = parsed.GetValue(s3LifecycleDay) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                S3Backend = parsed.GetValue(s3Backend),
                NodeName = parsed.GetValue(nodeName) ?? DefaultNodeName(),
                IsSimulated = parsed.GetValue(simulate),
                Acceleration = parsed.GetValue(acceleration),
            };
            if (parsed.GetValue(detach))
                return await DetachAsync(context, options, ct);
            await new DaemonHost(options, context.Time, context.Environment).RunAsync(ct);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> DetachAsync(CliContext context, DaemonOptions options, CancellationToken ct)
    {
        if (Core.Hosting.DataDirectory.FindHolder(options.DataDirectory) is { } holder)
            throw new CliException($"{options.DataDirectory} is in use by process {holder.ProcessId}: stop that daemon with `skep down --data {options.DataDirectory}`, or use another --data");
        List<string> arguments = ["up", "--data", options.DataDirectory, "--listen", options.Listen.ToString(), "--node-name", options.NodeName];
        if (options.S3Listen is not { IsRequired: false })
            arguments.AddRange(["--s3-listen", options.S3Listen?.ToOption() ?? S3Listen.Off]);
        foreach (var domain in options.S3Domains)
            arguments.AddRange(["--s3-domain", domain]);
        if (options.S3LifecycleDay is { } day)
            arguments.AddRange(["--s3-lifecycle-day", day.TotalSeconds.ToString(CultureInfo.InvariantCulture)]);
        if (options.S3Backend is { } backend)
            arguments.AddRange(["--s3-backend", backend]);
        if (options.IsSimulated)
            arguments.Add("--simulate");
        if (options.Acceleration is { } acceleration)
            arguments.AddRange(["--accel", acceleration]);
        var state = await new DetachedStart(options.DataDirectory, context.Time).RunAsync(arguments, ct);
        await context.Out.WriteLineAsync($"skep {state.Version} is ready at {state.Endpoint} (process {state.Pid}, data in {options.DataDirectory})");
        return ExitCode.Success;
    }

    private static S3Listen? ParseS3(string text) => S3Listen.TryParse(text, out var listen) ? listen : throw new UnreachableException();

    internal static bool TryParseEndPoint(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        if (ushort.TryParse(text.TrimStart(':'), out var port) && text.LastIndexOf(':') <= 0)
        {
            endPoint = new IPEndPoint(IPAddress.Loopback, port);
            return true;
        }

        // An address alone parses too, with port 0: not what anybody means.
        var withAddress = text.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + text["localhost".Length..] : text;
        var hasPort = withAddress.LastIndexOf(':') > withAddress.LastIndexOf(']') && (withAddress.Contains(']', StringComparison.Ordinal) || withAddress.Count(c => c == ':') == 1);
        if (!hasPort || !IPEndPoint.TryParse(withAddress, out var parsed))
            return false;
        endPoint = parsed;
        return true;
    }

    private static string DefaultNodeName()
    {
        var name = Dns.GetHostName().ToLowerInvariant();
        return IsNodeName(name) ? name : "node";
    }

    private static bool IsNodeName(string name) => name.Length <= 63 && Core.Resources.ResourceName.IsValid(name);
}
