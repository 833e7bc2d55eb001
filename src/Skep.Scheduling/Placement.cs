using System.Diagnostics.CodeAnalysis;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Scheduling;

/// <summary>
/// Chooses nodes for instances and never promises the same memory twice: what others have been promised and have not
/// committed yet counts too. All instances of a call are placed or none. Thread-safe.
/// </summary>
public sealed class Placement(TimeProvider time)
{
    /// <summary>A reservation that is neither confirmed nor disposed ends after this time: its request is long over.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(1);

    /// <summary>Confirmed reservations kept for callers that still work with an older view.</summary>
    private const int SettledMax = 4_096;

    private readonly Lock _lock = new();
    private readonly HashSet<Reservation> _pending = [];
    private readonly Queue<Reservation> _settled = [];

    /// <summary>
    /// Finds nodes: for each instance the one with the most free memory, so that load spreads. The reservation must be
    /// confirmed or disposed.
    /// </summary>
    /// <param name="view">The state to count in, the newest the caller has.</param>
    /// <param name="requests">What to place. An instance that is in the view already (one to be started again) is not counted twice.</param>
    /// <param name="reservation">The nodes, when there is room.</param>
    /// <param name="problem">Why not, when there is none.</param>
    public bool TryPlace(
        View view,
        IReadOnlyList<PlacementRequest> requests,
        [NotNullWhen(true)] out Reservation? reservation,
        [NotNullWhen(false)] out InsufficientCapacity? problem)
    {
        lock (_lock)
        {
            _pending.RemoveWhere(r => r.Expires <= time.GetUtcNow());
            var nodes = Count(view, [.. requests.Select(r => r.Instance)]);
            var held = new Dictionary<ResourceKey, Reservation.Held>();
            foreach (var request in requests)
            {
                if (!TryChoose(view, nodes, request, held.Count, out var node, out var type, out problem))
                {
                    reservation = null;
                    return false;
                }

                node.Take(type.MemoryMib + node.OverheadMib, type.VCpus);
                held.Add(request.Instance, new Reservation.Held(node.Name, type.MemoryMib + node.OverheadMib, type.VCpus));
            }

            reservation = new Reservation(this, held, time.GetUtcNow() + HoldTime);
            _pending.Add(reservation);
            problem = null;
            return true;
        }
    }

    internal void Settle(Reservation reservation)
    {
        lock (_lock)
        {
            if (!_pending.Remove(reservation))
                return;
            _settled.Enqueue(reservation);
            if (_settled.Count > SettledMax)
                _settled.Dequeue();
        }
    }

    internal void Forget(Reservation reservation)
    {
        lock (_lock)
            _pending.Remove(reservation);
    }

    private static InstanceTypeSpecView? TypeOf(View view, string name) =>
        view.Get(new ResourceKey(InstanceTypeView.GroupResource, "", name))?.View(SchedulingJson.Default.InstanceTypeView).Spec;

    /// <summary>Nodes with what is taken on them: by instances in the view, and by reservations that the view does not show yet.</summary>
    private List<NodeCapacity> Count(View view, HashSet<ResourceKey> except)
    {
        var nodes = view.List(CoreKinds.Node, ns: null).Select(n => new NodeCapacity(n)).ToList();
        var byName = nodes.ToDictionary(n => n.Name);
        var counted = new HashSet<ResourceKey>();
        foreach (var resource in view.List(InstanceView.GroupResource, ns: null, after: null))
        {
            var instance = resource.View(SchedulingJson.Default.InstanceView);
            if (string.IsNullOrEmpty(instance.Spec.NodeName) || except.Contains(resource.Key))
                continue;
            if (!instance.TakesMemory || !byName.TryGetValue(instance.Spec.NodeName, out var node))
                continue;
            counted.Add(resource.Key);
            if (TypeOf(view, instance.Spec.InstanceType) is { } type)
                node.Take(type.MemoryMib + node.OverheadMib, type.VCpus);
        }

        foreach (var reservation in _pending.Concat(_settled.Where(r => r.CommittedRevision > view.Revision)))
        {
            foreach (var (key, held) in reservation.Holds)
            {
                if (counted.Add(key) && byName.TryGetValue(held.NodeName, out var node))
                    node.Take(held.MemoryMib, held.VCpus);
            }
        }

        return nodes;
    }

    private static bool TryChoose(
        View view,
        List<NodeCapacity> nodes,
        PlacementRequest request,
        int placed,
        [NotNullWhen(true)] out NodeCapacity? node,
        [NotNullWhen(true)] out InstanceTypeSpecView? type,
        [NotNullWhen(false)] out InsufficientCapacity? problem)
    {
        problem = null;
        node = null;
        type = TypeOf(view, request.InstanceType);
        if (type is null)
        {
            problem = new InsufficientCapacity($"instance type {request.InstanceType} does not exist", IsPermanent: true, placed);
            return false;
        }

        var wanted = type;
        var candidates = nodes.Where(n => request.NodeName is null ? n.IsUsable : n.Name == request.NodeName).ToList();
        node = candidates.Where(n => n.Fits(wanted)).OrderByDescending(n => n.FreeMib).ThenBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault();
        if (node is not null)
            return true;
        problem = Explain(request, type, candidates, placed);
        return false;
    }

    private static InsufficientCapacity Explain(PlacementRequest request, InstanceTypeSpecView type, List<NodeCapacity> candidates, int placed)
    {
        if (candidates.Count == 0)
        {
            var which = request.NodeName is null ? "no node is ready to run instances" : $"node {request.NodeName} does not exist";
            return new InsufficientCapacity(which, IsPermanent: false, placed);
        }

        var roomiest = candidates.MaxBy(n => n.FreeMib)!;
        var needs = $"{request.InstanceType} needs {type.MemoryMib} MiB of memory and {roomiest.OverheadMib} MiB to run it, and {type.VCpus} vCPUs";
        if (!candidates.Any(n => n.CouldHold(type)))
        {
            var largest = candidates.MaxBy(n => n.MemoryMib)!;
            return new InsufficientCapacity($"{needs}; the largest node, {largest.Name}, offers {largest.MemoryMib} MiB and {largest.VCpus} vCPUs in all", IsPermanent: true, placed);
        }

        return new InsufficientCapacity(
            $"{needs}; the node with the most left, {roomiest.Name}, has {Math.Max(0, roomiest.FreeMib)} of {roomiest.MemoryMib} MiB and {Math.Max(0, roomiest.VCpus - roomiest.TakenVCpus)} of {roomiest.VCpus} vCPUs free",
            IsPermanent: false,
            placed);
    }
}
