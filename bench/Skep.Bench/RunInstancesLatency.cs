using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Skep.Bench;

/// <summary>
/// From calling RunInstances until the instance is running, beside starting the same QEMU by hand until its monitor
/// answers: the difference is what Skep adds. Needs root, QEMU and an image file (<c>SKEP_BENCH_IMAGE</c>; the program
/// builds its tiny one otherwise). Everything happens in a network namespace of its own.
/// </summary>
internal static partial class RunInstancesLatency
{
    private const int Rounds = 9;
    private const string InsideVariable = "SKEP_BENCH_INSIDE";
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(1);

    public static async Task<int> RunAsync(string parent, CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            await Console.Error.WriteLineAsync("run-instances needs root: it makes network namespaces");
            return 1;
        }

        if (Environment.GetEnvironmentVariable(InsideVariable) is null)
            return await RunInsideAsync(ct);
        await Command.RunAsync("ip", ["link", "set", "lo", "up"], ct);
        using var directory = new ScratchDirectory(parent);
        var data = directory.Combine("data");
        var daemon = await DaemonProcess.StartAsync(data, ct, "--accel", "tcg");
        try
        {
            string[] image = Environment.GetEnvironmentVariable("SKEP_BENCH_IMAGE") is { } file ? ["import", file, "--name", "bench"] : ["build", "tiny"];
            await Command.RunAsync(DaemonProcess.Program, ["image", .. image, "--data", data, "--yes"], ct);
            await MeasureAsync(daemon, directory, ct);
        }
        finally
        {
            await daemon.DisposeAsync();
            await Command.RunAsync(DaemonProcess.Program, ["down", "--purge", "--yes", "--data", data], CancellationToken.None);
        }

        return 0;
    }

    private static async Task MeasureAsync(DaemonProcess daemon, ScratchDirectory directory, CancellationToken ct)
    {
        await using var connection = daemon.Connect();
        var image = await Fleet.FindImageAsync(connection, daemon.Requests, ct);
        // The first one stays: a network goes with its last instance, and would be made anew for each.
        var (firstAnswer, firstRunning, _) = await RunOneAsync(daemon, connection, image, ct);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first, makes the network: answer {firstAnswer:F0} ms, running {firstRunning:F0} ms"));
        var (answers, runs, own) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var (answer, running, id) = await RunOneAsync(daemon, connection, image, ct);
            var qemu = FindQemu(id);
            await KillAsync(daemon, connection, id, qemu.ProcessId, ct);
            var byHand = await StartByHandAsync(qemu.Arguments, Path.Combine(daemon.Directory, "images", image + ".qcow2"), directory.Combine($"by-hand-{round}"), ct);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}: answer {answer:F0} ms, running {running:F0} ms, QEMU by hand {byHand:F0} ms"));
            answers.Add(answer);
            runs.Add(running);
            own.Add(byHand);
        }

        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"medians: answer {Median(answers):F0} ms, running {Median(runs):F0} ms, QEMU by hand {Median(own):F0} ms; beyond QEMU's own start {Median([.. runs.Zip(own, (r, o) => r - o)]):F0} ms"));
    }

    private static async Task<(double Answer, double Running, string Id)> RunOneAsync(DaemonProcess daemon, ApiConnection connection, string image, CancellationToken ct)
    {
        // A watch says it at once and costs the daemon nothing meanwhile.
        await using var watcher = daemon.Connect();
        var events = await watcher.OpenAsync(
            daemon.ResourceRequest("GET", "/apis/compute.skep.dev/v1/namespaces/default/instances?watch=true", "application/json", []), ct);
        var request = daemon.Requests.Make("RunInstances", ("ImageId", image), ("InstanceType", "t3.nano"), ("MinCount", "1"), ("MaxCount", "1"));
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        var id = Fleet.TextOf(await connection.SendAsync(request, ct), "instanceId")!;
        var answer = time.GetElapsedTime(begin).TotalMilliseconds;
        using var reader = new StreamReader(events, Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (!line.Contains(id, StringComparison.Ordinal))
                continue;
            if (line.Contains("\"state\":\"running\"", StringComparison.Ordinal))
                return (answer, time.GetElapsedTime(begin).TotalMilliseconds, id);
            if (line.Contains("\"state\":\"terminated\"", StringComparison.Ordinal))
                throw new InvalidDataException($"the instance did not start: {line}");
        }

        throw new InvalidDataException("the watch ended before the instance was running");
    }

    /// <summary>Terminates an instance whose guest is still booting and would not hear the power button.</summary>
    private static async Task KillAsync(DaemonProcess daemon, ApiConnection connection, string id, int processId, CancellationToken ct)
    {
        using (var qemu = Process.GetProcessById(processId))
            qemu.Kill();
        await connection.SendAsync(daemon.Requests.Make("TerminateInstances", ("InstanceId.1", id)), ct);
        var describe = daemon.Requests.Make("DescribeInstances", ("InstanceId.1", id));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while (!Encoding.UTF8.GetString((await connection.SendAsync(describe, ct)).Span).Contains("<name>terminated</name>", StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(ct);
    }

    private static (int ProcessId, string[] Arguments) FindQemu(string id)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                var arguments = File.ReadAllText(Path.Combine(directory, "cmdline")).TrimEnd('\0').Split('\0');
                if (arguments[0].Contains("qemu-system", StringComparison.Ordinal) && arguments.Any(a => a.Contains($"guest={id}", StringComparison.Ordinal)))
                    return (int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), arguments);
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        throw new InvalidDataException($"no QEMU runs {id}");
    }

    /// <summary>The same command line with a disk of its own, its monitor on a path, and no tap: until the monitor greets.</summary>
    private static async Task<double> StartByHandAsync(string[] qemu, string image, string directory, CancellationToken ct)
    {
        Directory.CreateDirectory(directory);
        var disk = Path.Combine(directory, "disk.qcow2");
        var monitor = Path.Combine(directory, "qmp.sock");
        var variables = Path.Combine(directory, "OVMF_VARS.fd");
        await Command.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", disk], ct);
        foreach (var template in (string[])["/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/OVMF/OVMF_VARS.fd"])
        {
            if (File.Exists(template) && !File.Exists(variables))
                File.Copy(template, variables);
        }

        var arguments = qemu.Skip(1).Select(a =>
        {
            a = MonitorFd().Replace(a, $"path={monitor}");
            a = Tap().Replace(a, "hubport,id=$1,hubid=0");
            a = InstanceDirectory().Replace(a, directory);
            return DiskPath().Replace(a, $"\"filename\":\"{disk}\"");
        });
        var start = new ProcessStartInfo(qemu[0], arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        using var process = Process.Start(start)!;
        using var timer = new PeriodicTimer(_pollPeriod, time);
        while (true)
        {
            if (process.HasExited)
                throw new InvalidDataException($"QEMU by hand ended: {await process.StandardError.ReadToEndAsync(ct)}");
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(monitor), ct);
                await socket.ReceiveAsync(new byte[4_096], ct);
                var elapsed = time.GetElapsedTime(begin).TotalMilliseconds;
                process.Kill();
                await process.WaitForExitAsync(ct);
                return elapsed;
            }
            catch (SocketException)
            {
                await timer.WaitForNextTickAsync(ct);
            }
        }
    }

    private static async Task<int> RunInsideAsync(CancellationToken ct)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"skep-bench-{Environment.ProcessId}");
        await Command.RunAsync("ip", ["netns", "add", name], ct);
        try
        {
            var start = new ProcessStartInfo("ip", ["netns", "exec", name, Environment.ProcessPath!, "run-instances"]);
            start.Environment[InsideVariable] = "1";
            using var inside = Process.Start(start)!;
            await inside.WaitForExitAsync(ct);
            return inside.ExitCode;
        }
        finally
        {
            await Command.RunAsync("ip", ["netns", "delete", name], CancellationToken.None);
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    [GeneratedRegex("(?<=^socket,id=qmp,)fd=[0-9]+")]
    private static partial Regex MonitorFd();

    [GeneratedRegex("^tap,id=(net[0-9]+),.*")]
    private static partial Regex Tap();

    [GeneratedRegex("/[^,\"]*/instances/i-[0-9a-f]+")]
    private static partial Regex InstanceDirectory();

    [GeneratedRegex("\"filename\":\"[^\"]*/volumes/[^\"]*\"")]
    private static partial Regex DiskPath();
}
