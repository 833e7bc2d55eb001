using System.Text.Json;
using Skep.Compute.Qmp;

namespace Skep.Compute.Qemu;

/// <summary>Runs one command on a machine's monitor.</summary>
/// <exception cref="QmpException">Refused, timed out or disconnected.</exception>
internal delegate Task<JsonElement> QmpExecute(string command, Action<Utf8JsonWriter>? arguments, CancellationToken ct);

/// <summary>What a running QEMU has of disks, asked of it: there is no other memory of it.</summary>
internal sealed class DiskInventory
{
    private const string Peripherals = "/machine/peripheral/";
    private const string Objects = "/objects";
    private const string PortPrefix = "port";

    private readonly Dictionary<string, long> _devices = new(StringComparer.Ordinal);
    private readonly HashSet<string> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _groups = new(StringComparer.Ordinal);
    private readonly HashSet<string> _secrets = new(StringComparer.Ordinal);

    /// <summary>Every chain of which anything is there: a device, a group or a secret.</summary>
    public IEnumerable<string> Tops => _devices.Keys.Concat(_groups).Concat(_secrets).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Asks.</summary>
    public static async Task<DiskInventory> ReadAsync(QmpExecute execute, CancellationToken ct)
    {
        var inventory = new DiskInventory();
        foreach (var block in (await execute("query-block", null, ct)).EnumerateArray())
            inventory.AddDevice(block);
        foreach (var node in (await execute("query-named-block-nodes", w => w.WriteBoolean("flat", true), ct)).EnumerateArray())
            inventory._nodes.Add(node.GetProperty("node-name").GetString()!);
        foreach (var child in await ListAsync(execute, Objects, ct))
        {
            if (DiskNodes.TopOf(child) is { } top)
                inventory._groups.Add(top);
            else if (DiskNodes.TopOfSecret(child) is { } encrypted)
                inventory._secrets.Add(encrypted);
        }

        return inventory;
    }

    /// <summary>Whether the guest has the device, or has not let go of it yet; its size in bytes.</summary>
    public bool HasDevice(string top, out long sizeBytes) => _devices.TryGetValue(top, out sizeBytes);

    /// <summary>Whether a node of this name exists.</summary>
    public bool HasNode(string name) => _nodes.Contains(name);

    /// <summary>Whether the chain's throttle group exists.</summary>
    public bool HasGroup(string top) => _groups.Contains(top);

    /// <summary>Whether the chain's secret exists.</summary>
    public bool HasSecret(string top) => _secrets.Contains(top);

    /// <summary>A root port that nothing is plugged into, or null.</summary>
    public static async Task<string?> FindFreePortAsync(QmpExecute execute, CancellationToken ct)
    {
        var ports = new List<string>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in await ListAsync(execute, Peripherals.TrimEnd('/'), ct))
        {
            if (device.StartsWith(PortPrefix, StringComparison.Ordinal) && int.TryParse(device.AsSpan(PortPrefix.Length), out _))
            {
                ports.Add(device);
                continue;
            }

            var bus = await GetAsync(execute, Peripherals + device, "parent_bus", ct);
            taken.Add(bus.GetString()!.Split('/')[^1]);
        }

        // The last one first: the guest numbers disks it finds at boot by port, and those came first.
        return ports.FindLast(p => !taken.Contains(p));
    }

    /// <summary>The limits of a chain's throttle group.</summary>
    public static Task<JsonElement> LimitsAsync(QmpExecute execute, string top, CancellationToken ct) =>
        GetAsync(execute, $"{Objects}/{DiskNodes.Group(top)}", "limits", ct);

    private static Task<JsonElement> GetAsync(QmpExecute execute, string path, string property, CancellationToken ct) =>
        execute("qom-get", w => { w.WriteString("path", path); w.WriteString("property", property); }, ct);

    private static async Task<List<string>> ListAsync(QmpExecute execute, string path, CancellationToken ct)
    {
        var answer = await execute("qom-list", w => w.WriteString("path", path), ct);
        return [.. answer.EnumerateArray()
            .Where(p => p.GetProperty("type").GetString()!.StartsWith("child<", StringComparison.Ordinal))
            .Select(p => p.GetProperty("name").GetString()!)];
    }

    private void AddDevice(JsonElement block)
    {
        // A disk's back end hangs below the device: "/machine/peripheral/disk-vol-…/virtio-backend".
        if (!block.TryGetProperty("qdev", out var path) || path.GetString() is not { } qdev || !qdev.StartsWith(Peripherals, StringComparison.Ordinal))
            return;
        if (DiskNodes.TopOf(qdev[Peripherals.Length..].Split('/')[0]) is not { } top)
            return;
        _devices[top] = block.TryGetProperty("inserted", out var inserted) ? inserted.GetProperty("image").GetProperty("virtual-size").GetInt64() : 0;
    }
}
