using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Compute.Agent;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Nodes;

/// <summary>
/// Says in this machine's Node what it is and that it is ready: once before the daemon is, so that there is always a
/// node to place on, and again from time to time.
/// </summary>
public sealed partial class NodeRegistrar(ResourceClient client, NodeFacts facts, IHypervisor hypervisor, SkepOptions options, ILogger<NodeRegistrar> logger)
    : BackgroundService
{
    private const long BytesPerMib = 1024 * 1024;
    private const string ReadyCondition = "Ready";

    /// <summary>How often the Ready condition is confirmed; Kubernetes' node controllers allow several minutes.</summary>
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Makes or updates the Node.</summary>
    public async Task RegisterAsync(CancellationToken ct)
    {
        var key = CoreKinds.Node.Key("", options.NodeName);
        if (client.View.Get(key) is null)
        {
            try
            {
                await client.CreateAsync(CoreKinds.Node, new Node { Metadata = { Name = options.NodeName } }, ct);
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists)
            {
                // Made meanwhile, for example by kubectl: filled in below.
            }
        }

        await client.ModifyAsync(CoreKinds.Node, key, Fill, ct);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, client.Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RegisterAsync(stoppingToken);
            }
            catch (ResourceException ex)
            {
                LogFailed(ex, options.NodeName); // for example a full disk; the next period tries again
            }
        }
    }

    private bool Fill(Node node)
    {
        node.Metadata.Labels ??= [];
        node.Metadata.Labels["kubernetes.io/hostname"] = options.NodeName;
        node.Metadata.Labels["kubernetes.io/os"] = "linux";
        node.Metadata.Labels["kubernetes.io/arch"] = facts.Architecture;
        node.Metadata.Labels["topology.kubernetes.io/region"] = options.Region;
        var status = node.Status ??= new NodeStatus();
        status.Phase = ReadyCondition;
        status.Capacity = Resources(facts.MemoryMib);
        status.Allocatable = Resources(facts.AllocatableMemoryMib);
        status.Addresses =
        [
            .. facts.Addresses.Select(a => new NodeAddress { Type = "InternalIP", Address = a }),
            new NodeAddress { Type = "Hostname", Address = options.NodeName },
        ];
        status.NodeInfo ??= new NodeSystemInfo();
        status.NodeInfo.Architecture = facts.Architecture;
        status.NodeInfo.KernelVersion = facts.KernelVersion;
        status.NodeInfo.OsImage = facts.OsImage;
        status.NodeInfo.OperatingSystem = "linux";
        status.NodeInfo.Acceleration = hypervisor.Acceleration;
        status.Conditions ??= [];
        if (status.Conditions.FirstOrDefault(c => c.Type == ReadyCondition) is not { } ready)
            status.Conditions.Add(ready = new Condition { Type = ReadyCondition });
        if (ready.Status != "True")
            ready.LastTransitionTime = client.Time.GetUtcNow();
        ready.Status = "True";
        ready.Reason = "AgentReady";
        ready.Message = "the node's agents are running";
        return true;
    }

    private NodeResources Resources(long memoryMib) => new()
    {
        Cpu = facts.Cpus.ToString(CultureInfo.InvariantCulture),
        Memory = (memoryMib * BytesPerMib).ToString(CultureInfo.InvariantCulture),
    };

    [LoggerMessage(EventId = 340, Level = LogLevel.Warning, Message = "node {Node} could not be registered")]
    private partial void LogFailed(Exception exception, string node);
}
