using System.Net;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Networking.Addresses;
using Skep.Networking.Dns;

namespace Skep.Networking.Agent;

/// <summary>
/// The VPCs' namespaces on this node with all that is in them: makes what a plan says, removes what it does not. What is
/// there is read from the kernel, so it converges after a crash at any step. One call at a time.
/// </summary>
/// <param name="hostNamespace">The network namespace that is "the host"; null for this process's own.</param>
internal sealed partial class VpcFabric(
    CommandRunner runner,
    HostNames names,
    DnsForwarder forwarder,
    TimeProvider time,
    ILogger<VpcFabric> logger,
    string? hostNamespace) : IAsyncDisposable
{
    /// <summary>The user that virtual machines run as, who opens the taps.</summary>
    public const string MachineUser = "skep-vm";

    /// <summary>How long the host's side is taken to be as it was left.</summary>
    private static readonly TimeSpan _hostCheckPeriod = TimeSpan.FromMinutes(1);

    private readonly IpTool _ip = new(runner);
    private readonly Nftables _nft = new(runner);
    private readonly HostSide _host = new(runner, names, hostNamespace, logger);
    private readonly FabricRemover _remover = new(runner, names, new HostSide(runner, names, hostNamespace, logger), logger);
    private readonly Dictionary<string, VpcState> _states = new(StringComparer.Ordinal);
    private SystemUser? _machineUser;

    /// <summary>Makes a VPC as planned.</summary>
    /// <returns>Why the host itself does not reach the instances; null when it does.</returns>
    /// <exception cref="CommandException">A step failed; new devices made for it are taken back.</exception>
    /// <exception cref="IOException">The same, for a kernel setting or the namespace.</exception>
    public async Task<string?> ApplyAsync(VpcPlan plan, CancellationToken ct)
    {
        if (!SystemUser.IsRoot)
            throw new CommandException("networks of machines need root: start skep as root, or with --simulate", null);
        _machineUser ??= await SystemUser.EnsureAsync(runner, MachineUser, ct);
        await using var undo = new Undo((step, ex) => LogUndoFailed(ex, step, plan.Namespace));
        var isNew = await NetworkNamespace.EnsureAsync(runner, plan.Namespace, ct);
        if (isNew)
        {
            await ForgetAsync(plan.Namespace);
            undo.Push("namespace", token => RemoveNamespaceAsync(plan.Namespace, plan.HostDevice, token));
        }

        if (!_states.TryGetValue(plan.Namespace, out var state))
            _states[plan.Namespace] = state = new VpcState();
        await EnsureRouterAsync(plan, state, ct);
        await RemoveTapsAsync(plan, state, ct);
        await EnsureFirewallAsync(plan, state, ct);
        foreach (var i in plan.Interfaces)
            await EnsureTapAsync(plan, i, state, ct);
        await EnsureServicesAsync(plan, state);
        undo.Commit();
        if (isNew)
            LogMade(plan.Vpc, plan.Namespace, plan.Cidr);
        return state.HostProblem;
    }

    /// <summary>Removes a VPC from this node, with whatever is in its namespace. Does nothing when it is not here.</summary>
    public async Task RemoveAsync(ResourceKey vpc, CancellationToken ct)
    {
        var ns = names.Namespace(vpc);
        if (!File.Exists(NetworkNamespace.PathOf(ns)) && !_states.ContainsKey(ns))
            return;
        await RemoveNamespaceAsync(ns, names.HostDevice(vpc), ct);
        LogRemoved(vpc, ns);
    }

    /// <summary>Removes what a former run left and nothing explains.</summary>
    /// <param name="wanted">VPCs that are or will be on this node.</param>
    public Task SweepAsync(IReadOnlyList<ResourceKey> wanted, CancellationToken ct) =>
        // Without root nothing can be there to remove, and looking would fail.
        SystemUser.IsRoot ? _remover.SweepAsync(wanted.Select(names.Namespace).ToHashSet(StringComparer.Ordinal), ct) : Task.CompletedTask;

    /// <summary>Stops the services. Devices, routes and rules stay: instances go on while the daemon restarts.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var ns in _states.Keys.ToList())
            await ForgetAsync(ns);
    }

    private async Task EnsureRouterAsync(VpcPlan plan, VpcState state, CancellationToken ct)
    {
        if (state.HostChecked is { } then && time.GetElapsedTime(then) < _hostCheckPeriod)
        {
            await EnsureRouterAddressesAsync(plan, state, ct);
            return;
        }

        if (state.Link is null)
        {
            Sysctl.WriteAll(plan.Namespace,
            [
                new("1", "net", "ipv4", "ip_forward"),
                new("0", "net", "ipv4", "conf", "all", "rp_filter"),
                new("0", "net", "ipv4", "conf", "default", "rp_filter"),
                new("0", "net", "ipv4", "conf", "all", "send_redirects"),
                new("0", "net", "ipv4", "conf", "default", "send_redirects"),
                new("0", "net", "ipv4", "conf", "all", "accept_redirects"),
                new("0", "net", "ipv4", "conf", "default", "accept_redirects"),
            ]);
            HostSide.DisableIpv6(plan.Namespace, "all");
            HostSide.DisableIpv6(plan.Namespace, "default");
        }

        state.MtuBytes = await _host.FindMtuAsync(ct);
        (state.Link, state.HostProblem) = await _host.EnsureAsync(plan, ct);
        state.RouterAddresses.Clear();
        await EnsureRouterAddressesAsync(plan, state, ct);
        state.HostChecked = time.GetTimestamp();
    }

    private async Task EnsureRouterAddressesAsync(VpcPlan plan, VpcState state, CancellationToken ct)
    {
        IPAddress[] fixedAddresses = [SubnetLayout.Metadata, SubnetLayout.LinkLocalDns, SubnetLayout.Dns(plan.Cidr)];
        var wanted = plan.Interfaces.Select(i => SubnetLayout.Router(i.Subnet)).Concat(fixedAddresses).ToHashSet();
        if (state.RouterAddresses.SetEquals(wanted))
            return;
        var present = (await _ip.ListAddressesAsync(plan.Namespace, ct)).Where(a => a.Device == "lo" && !IPAddress.IsLoopback(a.Address)).ToList();
        await _ip.RunAsync(plan.Namespace,
        [
            .. wanted.Select(a => IpCommand.Address(a, 32, "lo")),
            .. present.Where(a => !wanted.Contains(a.Address)).Select(a => new IpCommand("address", "delete", $"{a.Address}/{a.PrefixLength}", "dev", "lo")),
            // Addresses of the VPC that nobody has end here instead of going round through the host.
            new IpCommand("route", "replace", "unreachable", plan.Cidr.ToString()),
        ], ct);
        state.RouterAddresses.Clear();
        state.RouterAddresses.UnionWith(wanted);
    }

    private async Task EnsureFirewallAsync(VpcPlan plan, VpcState state, CancellationToken ct)
    {
        var ruleset = FirewallRuleset.Render(plan, state.Link!.Value);
        if (state.Ruleset == ruleset)
            return;
        await _nft.ApplyAsync(plan.Namespace, ruleset, ct);
        state.Ruleset = ruleset;
    }

    private async ValueTask RemoveNamespaceAsync(string ns, string hostDevice, CancellationToken ct)
    {
        await ForgetAsync(ns);
        await _remover.RemoveAsync(ns, hostDevice, ct);
    }

    private async Task ForgetAsync(string ns)
    {
        if (_states.Remove(ns, out var state))
            await state.DisposeAsync();
    }
}
