using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Skep.Bench;

/// <summary>
/// What fio in a virtual machine sees of its disks, beside fio on a file of the host: a volume in a file, and a log volume whose
/// store is a directory. All lie in one directory of the host, and each workload is run on all in turn, so that what else
/// the machine does hits all alike; the run with the median rate counts. Two further columns say what there is at most: a file in
/// the guest's memory for its processor, and a volume in the host's memory for the way there. Needs root, QEMU, ssh and fio. Everything happens in network and mount namespaces of its own.
/// <para>
/// <c>SKEP_BENCH_GUEST_SECONDS</c>, <c>_ROUNDS</c> and <c>_MIB</c> change a run's time, their number and how much of a disk is
/// used, <c>SKEP_BENCH_GUEST_WORKLOADS</c> chooses workloads by a part of their names, <c>SKEP_BENCH_ACCEL</c> says kvm or tcg
/// in place of what the daemon chooses, and <c>SKEP_BENCH_IMAGE</c> names a tiny image's file; the program builds one otherwise.
/// </para>
/// </summary>
internal static class GuestDisk
{
    private const string InsideVariable = "SKEP_BENCH_INSIDE";
    private const string ImageVariable = "SKEP_BENCH_IMAGE";
    private const int SecondsDefault = 5;
    private const int RoundsDefault = 3;
    private const int MibDefault = 1_024;
    private const int MemoryMib = 256;
    private const string MemoryFile = "/dev/shm/disk";
    private const string InstanceType = "t3.medium";
    private const string MemoryPool = "memory";
    private const string LogPool = "logs";

    /// <summary>The most that CreateVolume allows, and the least size that it allows this for: nothing is written to most of it.</summary>
    private const int Iops = 256_000;
    private const int VolumeGib = 256;
    private const string Limits = "io2 with 256,000 requests and 4,000 MiB a second";

    private static readonly TimeSpan _bootTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _settleTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(string parent, CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            await Console.Error.WriteLineAsync("guest-disk needs root: it makes namespaces and machines");
            return 1;
        }

        if (((string[])["fio", "ssh", "unshare", "qemu-system-x86_64"]).FirstOrDefault(p => !Command.IsInstalled(p)) is { } missing)
        {
            await Console.Error.WriteLineAsync($"guest-disk needs {missing}");
            return 1;
        }

        using var directory = new ScratchDirectory(parent);
        if (Environment.GetEnvironmentVariable(InsideVariable) is null)
            return await RunInsideAsync(Environment.GetEnvironmentVariable(ImageVariable) ?? await BuildImageAsync(directory, ct), ct);
        var data = directory.Combine("data");
        string[] options = Environment.GetEnvironmentVariable("SKEP_BENCH_ACCEL") is { Length: > 0 } accelerator ? ["--accel", accelerator] : [];
        var memory = Directory.CreateDirectory(directory.Combine("memory")).FullName;
        await Command.RunAsync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", memory], ct);
        try
        {
            await WithDaemonAsync(data, options, daemon => MeasureAsync(daemon, directory, memory, ct), ct);
        }
        finally
        {
            await Command.RunAsync("umount", [memory], CancellationToken.None);
        }

        if (FindProcesses(data) is { Count: > 0 } left)
            throw new InvalidOperationException($"still running: {string.Join("; ", left.Select(p => p.CommandLine))}");
        return 0;
    }

    /// <summary>Makes namespaces and goes on in there. What the daemon does to networks and mounts ends with them.</summary>
    private static async Task<int> RunInsideAsync(string image, CancellationToken ct)
    {
        const string Prepare = "set -e; mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; mount -t sysfs sysfs /sys; ip link set lo up; exec \"$0\" guest-disk";
        var start = new ProcessStartInfo("unshare", ["--net", "--mount", "--propagation", "private", "--", "sh", "-c", Prepare, Environment.ProcessPath!]);
        start.Environment[InsideVariable] = "1";
        start.Environment[ImageVariable] = Path.GetFullPath(image);
        using var inside = Process.Start(start)!;
        await inside.WaitForExitAsync(ct);
        return inside.ExitCode;
    }

    /// <summary>On the machine's own network, where the distribution's packages are; nothing is run on this cloud.</summary>
    private static async Task<string> BuildImageAsync(ScratchDirectory directory, CancellationToken ct)
    {
        var data = directory.Combine("build");
        var image = directory.Combine("tiny.qcow2");
        await WithDaemonAsync(data, [], async _ =>
        {
            var id = (await Command.RunAsync(DaemonProcess.Program, ["image", "build", "tiny", "--data", data], ct)).Trim();
            File.Copy(Path.Combine(data, "images", $"{id}.qcow2"), image);
        }, ct);
        return image;
    }

    private static async Task WithDaemonAsync(string data, string[] options, Func<DaemonProcess, Task> action, CancellationToken ct)
    {
        var daemon = await DaemonProcess.StartAsync(data, ct, options);
        try
        {
            await action(daemon);
        }
        finally
        {
            await daemon.DisposeAsync();
            await Command.RunAsync(DaemonProcess.Program, ["down", "--purge", "--yes", "--data", data], CancellationToken.None);
        }
    }

    private static async Task MeasureAsync(DaemonProcess daemon, ScratchDirectory directory, string memory, CancellationToken ct)
    {
        var image = (await Command.RunAsync(
            DaemonProcess.Program,
            ["image", "import", Environment.GetEnvironmentVariable(ImageVariable)!, "--name", "bench", "--boot-mode", "uefi", "--user", "root", "--data", daemon.Directory], ct)).Trim();
        var key = directory.Combine("key.pem");
        await File.WriteAllTextAsync(key, TextOf(await Ec2Async(daemon, "CreateKeyPair", [("KeyName", "bench")], ct), "keyMaterial") + "\n", ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var run = await Ec2Async(
            daemon, "RunInstances", [("ImageId", image), ("InstanceType", InstanceType), ("KeyName", "bench"), ("MinCount", "1"), ("MaxCount", "1")], ct);
        var id = TextOf(run, "instanceId");
        var zone = TextOf(run, "availabilityZone");
        await CreatePoolsAsync(daemon, directory, memory, ct);
        var inMemory = await CreateVolumeAsync(daemon, zone, MemoryPool, ct);
        var local = await CreateVolumeAsync(daemon, zone, pool: null, ct);
        var log = await CreateVolumeAsync(daemon, zone, LogPool, ct);

        await WaitAsync($"{id} to run", _settleTimeout, () => IsInStateAsync(daemon, id, "running", ct), ct);
        var guest = new BenchGuest(TextOf(await Ec2Async(daemon, "DescribeInstances", [("InstanceId.1", id)], ct), "privateIpAddress"), key);
        await WaitAsync("the guest's SSH server", _bootTimeout, async () => (await guest.TryAsync("true", ct)).ExitCode == 0, ct);
        var fio = await guest.SendProgramAsync("fio", ct);
        var sizeMib = Number("SKEP_BENCH_GUEST_MIB", MibDefault);
        List<Target> targets =
        [
            Target.OnHost("host", directory.Combine("host.img"), sizeMib),
            Target.InGuest("guest's memory", guest, fio, MemoryFile, Math.Min(sizeMib, MemoryMib), isDirect: false),
            Target.InGuest("volume in memory", guest, fio, await AttachAsync(daemon, guest, id, inMemory, "/dev/sdh", ct), sizeMib, isDirect: true),
            Target.InGuest("local volume", guest, fio, await AttachAsync(daemon, guest, id, local, "/dev/sdf", ct), sizeMib, isDirect: true),
            Target.InGuest("log volume", guest, fio, await AttachAsync(daemon, guest, id, log, "/dev/sdg", ct), sizeMib, isDirect: true),
        ];

        var shown = JsonNode.Parse(await Command.RunAsync(DaemonProcess.Program, ["get", "instances", id, "-o", "json", "--data", daemon.Directory], ct))!;
        var accelerator = shown["status"]?["acceleration"];
        Console.Out.WriteLine($"accelerator {accelerator}, {InstanceType}, guest's kernel {(await guest.RunAsync("uname -r", ct)).Trim()}, volumes {Limits}, {sizeMib} MiB of each used, fio's engine libaio");
        foreach (var target in targets)
        {
            await target.RunAsync(GuestDiskWorkload.FillOptions, ct);
            await target.RunAsync(GuestDiskWorkload.ReadAllOptions, ct);
        }

        await CompareAsync(targets, () => WaitForDrainAsync(daemon, log, ct), ct);
        await Ec2Async(daemon, "TerminateInstances", [("InstanceId.1", id)], ct);
        await WaitAsync($"{id} to be terminated", _settleTimeout, () => IsInStateAsync(daemon, id, "terminated", ct), ct);
    }

    private static async Task CompareAsync(List<Target> targets, Func<Task> settle, CancellationToken ct)
    {
        var seconds = Number("SKEP_BENCH_GUEST_SECONDS", SecondsDefault);
        var rounds = Number("SKEP_BENCH_GUEST_ROUNDS", RoundsDefault);
        var wanted = Environment.GetEnvironmentVariable("SKEP_BENCH_GUEST_WORKLOADS") ?? "";
        var slowest = new List<string>();
        Console.Out.WriteLine("| workload | host | guest's memory | volume in memory | local volume | to host | log volume | to host |");
        Console.Out.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var workload in GuestDiskWorkload.All.Where(w => w.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
        {
            var runs = targets.ConvertAll(_ => new List<GuestDiskFigures>());
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < targets.Count; i++)
                {
                    await settle();
                    runs[i].Add(GuestDiskFigures.Parse(await targets[i].RunAsync(workload.OptionsFor(seconds), ct)));
                }
            }

            var medians = runs.ConvertAll(r => r.OrderBy(f => f.Rate).ElementAt(r.Count / 2));
            var (host, local, log) = (medians[0], medians[^2], medians[^1]);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {workload.Name} | {Rate(host)} | {Rate(medians[1])} | {Rate(medians[2])} | {Rate(local)} | {local.Rate / host.Rate:F2} | {Rate(log)} | {log.Rate / host.Rate:F2} |"));
            slowest.Add($"| {workload.Name} | {string.Join(" | ", medians.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.P999Us:N0} us")))} |");

            string Rate(GuestDiskFigures figures) => workload.IsInBytes
                ? string.Create(CultureInfo.InvariantCulture, $"{figures.MibPerSecond:N0} MiB/s")
                : string.Create(CultureInfo.InvariantCulture, $"{figures.Rate:N0}/s");
        }

        Console.Out.WriteLine($"\n| p99.9 | {string.Join(" | ", targets.Select(t => t.Name))} |\n|---|---|---|---|---|---|");
        Console.Out.WriteLine(string.Join('\n', slowest));
        Console.Out.WriteLine($"load average at the end: {(await File.ReadAllTextAsync("/proc/loadavg", ct)).Split(' ')[0]}");
    }

    private static async Task<string> CreateVolumeAsync(DaemonProcess daemon, string zone, string? pool, CancellationToken ct)
    {
        List<(string, string)> parameters =
        [
            ("AvailabilityZone", zone), ("VolumeType", "io2"),
            ("Size", VolumeGib.ToString(CultureInfo.InvariantCulture)), ("Iops", Iops.ToString(CultureInfo.InvariantCulture)),
        ];
        if (pool is not null)
        {
            parameters.AddRange(
                ("TagSpecification.1.ResourceType", "volume"), ("TagSpecification.1.Tag.1.Key", "skep.dev/pool"), ("TagSpecification.1.Tag.1.Value", pool));
        }

        var id = TextOf(await Ec2Async(daemon, "CreateVolume", [.. parameters], ct), "volumeId");
        await WaitAsync(
            $"{id} to be available", _settleTimeout,
            async () => (await Ec2Async(daemon, "DescribeVolumes", [("VolumeId.1", id)], ct)).Contains("<status>available</status>", StringComparison.Ordinal), ct);
        return id;
    }

    /// <summary>A pool in memory, and one of log volumes that have all that is measured in their read cache.</summary>
    private static async Task CreatePoolsAsync(DaemonProcess daemon, ScratchDirectory directory, string memory, CancellationToken ct)
    {
        var cacheGib = 1 + (Number("SKEP_BENCH_GUEST_MIB", MibDefault) >> 9);
        var manifest = directory.Combine("pools.yaml");
        await File.WriteAllTextAsync(manifest, string.Create(CultureInfo.InvariantCulture, $$"""
            apiVersion: storage.skep.dev/v1
            kind: StoragePool
            metadata: { name: {{MemoryPool}} }
            spec: { class: local, path: "{{memory}}" }
            ---
            apiVersion: storage.skep.dev/v1
            kind: StoragePool
            metadata: { name: {{LogPool}} }
            spec: { class: log, store: "file://{{Directory.CreateDirectory(directory.Combine("store")).FullName}}", cacheGib: {{cacheGib}} }
            """), ct);
        await Command.RunAsync(DaemonProcess.Program, ["apply", "-f", manifest, "--data", daemon.Directory], ct);
    }

    /// <summary>Attaches a volume; returns the device in the guest.</summary>
    private static async Task<string> AttachAsync(DaemonProcess daemon, BenchGuest guest, string instance, string volume, string device, CancellationToken ct)
    {
        await Ec2Async(daemon, "AttachVolume", [("InstanceId", instance), ("VolumeId", volume), ("Device", device)], ct);
        // virtio-blk's serial numbers have 20 characters at most.
        var serial = volume.Replace("-", "", StringComparison.Ordinal);
        string? path = null;
        await WaitAsync($"{volume} in the guest", _settleTimeout, async () => (path = await guest.FindDiskAsync(serial[..Math.Min(serial.Length, 20)], ct)) is not null, ct);
        return path!;
    }

    /// <summary>Waits until a log volume's server has nothing to write to its store: the next run is not to pay for the last.</summary>
    private static async Task WaitForDrainAsync(DaemonProcess daemon, string volume, CancellationToken ct)
    {
        var socket = Path.Combine(daemon.Directory, "servers", $"{volume}.sock");
        var written = "";
        await WaitAsync($"the server of {volume} to rest", _settleTimeout, () =>
        {
            var server = FindProcesses(socket).First(p => p.CommandLine.Contains("nbd", StringComparison.Ordinal));
            var now = File.ReadLines($"/proc/{server.Id}/io").First(l => l.StartsWith("write_bytes:", StringComparison.Ordinal));
            var isSame = now == written;
            written = now;
            return Task.FromResult(isSame);
        }, ct);
    }

    private static List<(int Id, string CommandLine)> FindProcesses(string argumentPart)
    {
        var found = new List<(int, string)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                var commandLine = File.ReadAllText(Path.Combine(directory, "cmdline")).Replace('\0', ' ');
                if (commandLine.Contains(argumentPart, StringComparison.Ordinal))
                    found.Add((int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), commandLine));
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return found;
    }

    private static async Task<bool> IsInStateAsync(DaemonProcess daemon, string instance, string state, CancellationToken ct) =>
        (await Ec2Async(daemon, "DescribeInstances", [("InstanceId.1", instance)], ct)).Contains($"<name>{state}</name>", StringComparison.Ordinal);

    /// <summary>One call on a connection of its own: between two of them there may be minutes.</summary>
    private static async Task<string> Ec2Async(DaemonProcess daemon, string action, (string Name, string Value)[] parameters, CancellationToken ct)
    {
        await using var connection = daemon.Connect();
        return Encoding.UTF8.GetString((await connection.SendAsync(daemon.Requests.Make(action, parameters), ct)).Span);
    }

    private static string TextOf(string xml, string element) =>
        Fleet.TextOf(Encoding.UTF8.GetBytes(xml), element) ?? throw new InvalidDataException($"no {element} in {xml}");

    private static async Task WaitAsync(string what, TimeSpan timeout, Func<Task<bool>> condition, CancellationToken ct)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(_pollPeriod, TimeProvider.System);
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > timeout)
                throw new InvalidOperationException($"waited {timeout} for {what}");
            await timer.WaitForNextTickAsync(ct);
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    /// <summary>Something that fio is run on.</summary>
    /// <param name="Name">What the table calls it.</param>
    /// <param name="RunAsync">Runs fio with options more; returns what it prints.</param>
    private sealed record Target(string Name, Func<string[], CancellationToken, Task<string>> RunAsync)
    {
        public static Target OnHost(string name, string path, int sizeMib) =>
            new(name, (options, ct) => Command.RunAsync("fio", [.. Common(path, sizeMib, isDirect: true), .. options], ct));

        public static Target InGuest(string name, BenchGuest guest, string fio, string path, int sizeMib, bool isDirect) =>
            new(name, (options, ct) => guest.RunAsync(string.Join(' ', [fio, .. Common(path, sizeMib, isDirect), .. options]), ct));

        private static string[] Common(string path, int sizeMib, bool isDirect) =>
        [
            "--name=bench", "--ioengine=libaio", "--thread", "--output-format=json", $"--filename={path}",
            string.Create(CultureInfo.InvariantCulture, $"--size={sizeMib}M"), isDirect ? "--direct=1" : "--direct=0",
        ];
    }
}
