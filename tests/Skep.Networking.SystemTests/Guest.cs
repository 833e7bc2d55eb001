using System.Net;
using System.Net.Sockets;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Networking.Kinds;

namespace Skep.Networking.SystemTests;

/// <summary>A machine: a network namespace whose eth0 is cabled to an interface's tap. Its DHCP client is busybox's.</summary>
internal sealed class Guest : IAsyncDisposable
{
    private const string Device = "eth0";

    // udhcpc(8) tells its script what it learned through the environment.
    private const string Script = """
        #!/bin/sh
        [ "$1" = bound ] || [ "$1" = renew ] || exit 0
        env | sort > "$LEASE_FILE"
        ip address replace "$ip/$mask" dev "$interface"
        for r in $router; do ip route replace default via "$r" dev "$interface"; done
        """;

    private readonly CommandRunner _runner;
    private readonly IpTool _ip;
    private readonly TapCable _cable;
    private readonly string _files;

    private Guest(CommandRunner runner, string ns, TapCable cable)
    {
        (_runner, _ip, Namespace, _cable) = (runner, new IpTool(runner), ns, cable);
        _files = Directory.CreateTempSubdirectory("skep-guest-").FullName;
    }

    public string Namespace { get; }

    /// <summary>Switches on a machine on an interface that its agent has made ready.</summary>
    public static async Task<Guest> StartAsync(CommandRunner runner, string ns, NetworkInterface on, string? mac, CancellationToken ct)
    {
        await NetworkNamespace.EnsureAsync(runner, ns, ct);
        var cable = new TapCable(TapDevice.Open(on.Status!.NetworkNamespace!, on.Status.DeviceName!), TapDevice.Open(ns, Device));
        var guest = new Guest(runner, ns, cable);
        Sysctl.Write(ns, "0", "net", "ipv4", "conf", "default", "rp_filter");
        Sysctl.Write(ns, "0", "net", "ipv4", "conf", "all", "rp_filter");
        await guest._ip.RunAsync(ns, [new IpCommand("link", "set", "dev", Device, "address", mac ?? on.Spec.MacAddress, "up")], ct);
        return guest;
    }

    /// <summary>Asks for a lease and takes it; what was learned, by udhcpc's names. Null when nobody answered.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> TryLeaseAsync(int tries, CancellationToken ct)
    {
        var script = Path.Combine(_files, "lease.sh");
        var lease = Path.Combine(_files, "lease");
        await File.WriteAllTextAsync(script, Script, ct);
        await _runner.CheckAsync(new Command("chmod", "+x", script), ct);
        var result = await RunAsync(
            new Command("busybox", "udhcpc", "-i", Device, "-n", "-q", "-f", "-t", $"{tries}", "-T", "1", "-s", script, "-O", "mtu", "-O", "staticroutes", "-O", "hostname", "-O", "domain")
            {
                Environment = new Dictionary<string, string> { ["LEASE_FILE"] = lease },
            },
            ct);
        return result.IsSuccess
            ? (await File.ReadAllLinesAsync(lease, ct)).Select(l => l.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal)
            : null;
    }

    /// <summary>Asks for a lease that has to be given.</summary>
    public async Task<IReadOnlyDictionary<string, string>> LeaseAsync(CancellationToken ct) =>
        await TryLeaseAsync(tries: 5, ct) ?? throw new InvalidOperationException($"{Namespace} got no lease");

    /// <summary>Runs a program in the machine.</summary>
    public Task<CommandResult> RunAsync(Command command, CancellationToken ct) =>
        _runner.RunAsync(command with { FileName = "nsenter", Arguments = [$"--net={NetworkNamespace.PathOf(Namespace)}", command.FileName, .. command.Arguments] }, ct);

    /// <summary>Changes its network.</summary>
    public Task ConfigureAsync(IpCommand command, CancellationToken ct) => _ip.RunAsync(Namespace, [command], ct);

    /// <summary>Whether an address answers to a ping.</summary>
    public async Task<bool> PingsAsync(IPAddress address, CancellationToken ct) =>
        (await RunAsync(new Command("busybox", "ping", "-c", "1", "-W", "2", $"{address}"), ct)).IsSuccess;

    /// <summary>A socket in the machine.</summary>
    public Socket Udp(IPAddress address, int port) => NetworkNamespace.RunIn(Namespace, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    });

    /// <summary>A listening socket in the machine.</summary>
    public Socket Listen(IPAddress address, int port) => NetworkNamespace.RunIn(Namespace, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    });

    /// <summary>A connection from the machine.</summary>
    public async Task<Socket> ConnectAsync(IPEndPoint to, CancellationToken ct)
    {
        var socket = NetworkNamespace.RunIn(Namespace, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(to, ct);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        _cable.Dispose();
        await NetworkNamespace.DeleteAsync(_runner, Namespace, CancellationToken.None);
        Directory.Delete(_files, recursive: true);
    }
}
