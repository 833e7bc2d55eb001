using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skep.Compute.Kinds;
using Skep.Compute.Nodes;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Agent;

/// <summary>
/// Runs this node's instances: compares what each should be doing (spec) with what its machine does (the host), and
/// changes at most the difference. Nothing it needs after a crash is kept in memory.
/// </summary>
public sealed partial class InstanceAgent : IReconciler
{
    private readonly ResourceClient _client;
    private readonly IHypervisor _hypervisor;
    private readonly SkepOptions _options;
    private readonly InstanceAgentOptions _patience;
    private readonly ILogger<InstanceAgent> _logger;
    private readonly MemoryLedger _memory;
    private readonly ConcurrentDictionary<ResourceKey, Progress> _progress = new();

    /// <summary>Makes the agent of this node; it learns from the hypervisor when a machine changes.</summary>
    public InstanceAgent(ResourceClient client, IHypervisor hypervisor, NodeFacts node, SkepOptions options, InstanceAgentOptions patience, ILogger<InstanceAgent> logger)
    {
        _client = client;
        _hypervisor = hypervisor;
        _options = options;
        _patience = patience;
        _logger = logger;
        _memory = new MemoryLedger(node.AllocatableMemoryMib);
    }

    /// <inheritdoc/>
    public string Name => "instance-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } =
        [ComputeKinds.Instance.GroupResource, VolumeView.GroupResource, NetworkInterfaceView.GroupResource];

    /// <inheritdoc/>
    public int Concurrency => 8;

    /// <inheritdoc/>
    public TimeSpan ResyncPeriod => TimeSpan.FromMinutes(1);

    private TimeProvider Time => _client.Time;

    /// <inheritdoc/>
    public void Start(Action<ResourceKey> enqueue)
    {
        _hypervisor.Changed = enqueue;

        // What is on the host may belong to instances that are gone from the resource model: those are never watched.
        foreach (var leftover in _hypervisor.List())
            enqueue(leftover);
    }

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == ComputeKinds.Instance.GroupResource)
            return [changed.Key];
        var attachment = changed.Key.GroupResource == VolumeView.GroupResource
            ? changed.View(MachinePartsJson.Default.VolumeView).Spec.Attachment
            : changed.View(MachinePartsJson.Default.NetworkInterfaceView).Spec.Attachment;
        return attachment is null ? [] : [ComputeKinds.Instance.Key(changed.Key.Namespace, attachment.InstanceId)];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (_client.View.Get(key) is not { } resource)
        {
            await ForgetAsync(key, ct);
            return null;
        }

        var instance = resource.View(ComputeKinds.Instance);
        if (instance.Spec.NodeName != _options.NodeName)
            return null;
        var state = instance.Status?.State ?? InstanceState.Pending;
        if (resource.Metadata.DeletionTimestamp is not null
            || instance.Spec.RunState == InstanceRunState.Terminated
            || state is InstanceState.ShuttingDown or InstanceState.Terminated)
            return await TerminateAsync(key, instance, state, ct);

        var machine = await _hypervisor.ObserveAsync(key, ct);
        if (machine.Phase is not MachinePhase.Absent)
            NoteMemory(key, instance);
        if (instance.Spec.RunState == InstanceRunState.Stopped || state == InstanceState.Stopping)
            return await StopAsync(key, instance, state, machine, ct);
        return machine.Phase switch
        {
            MachinePhase.Absent => await StartAsync(key, instance, state, machine, ct),
            MachinePhase.ShutDown => await GuestShutDownAsync(key, instance, ct),
            _ => await RunningAsync(key, instance, state, machine, [], ct),
        };
    }

    /// <summary>Nothing of an instance that no longer exists stays on the host.</summary>
    private async Task ForgetAsync(ResourceKey key, CancellationToken ct)
    {
        await _hypervisor.RemoveAsync(key, ct);
        _memory.Release(key);
        _progress.TryRemove(key, out _);
    }

    private Task SetAsync(ResourceKey key, Action<Instance, InstanceStatus> change, CancellationToken ct) =>
        _client.ModifyAsync(
            ComputeKinds.Instance,
            key,
            instance =>
            {
                instance.Status ??= new InstanceStatus();
                change(instance, instance.Status);
                return true;
            },
            ct);

    private void NoteMemory(ResourceKey key, Instance instance)
    {
        if (_client.View.Get(ComputeKinds.InstanceType, "", instance.Spec.InstanceType) is { } type)
            _memory.Note(key, type.Spec.MemoryMib + _hypervisor.OverheadMib);
    }

    private Progress ProgressOf(ResourceKey key) => _progress.GetOrAdd(key, static _ => new Progress());

    /// <summary>
    /// When waiting began. Only deadlines hang on it: after a restart of the daemon they begin anew, and nothing else
    /// is different.
    /// </summary>
    private sealed class Progress
    {
        public DateTimeOffset? PartsAwaitedSince { get; set; }
        public DateTimeOffset? PowerDownSince { get; set; }
        public DateTimeOffset? PowerDownSentAt { get; set; }
    }
}
