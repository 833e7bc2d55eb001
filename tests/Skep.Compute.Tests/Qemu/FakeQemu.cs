using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Compute.Qmp;

namespace Skep.Compute.Tests.Qemu;

/// <summary>
/// The part of a running QEMU that has to do with disks: objects, block nodes, devices in root ports, and a guest that
/// lets go of them or not. Answers in QEMU 7.2's words.
/// </summary>
internal sealed class FakeQemu
{
    private readonly HashSet<string> _leaving = [];

    /// <summary>Nodes that were added by themselves: they stay when nothing uses them.</summary>
    private readonly HashSet<string> _owned = [];

    /// <summary>Throttle groups with their limits.</summary>
    public Dictionary<string, JsonObject> Groups { get; } = [];

    /// <summary>Secrets with what they hold.</summary>
    public Dictionary<string, string> Secrets { get; } = [];

    /// <summary>Node names with what they lie on; children go with their parents.</summary>
    public Dictionary<string, JsonObject> Nodes { get; } = [];

    /// <summary>Sizes of nodes.</summary>
    public Dictionary<string, long> Sizes { get; } = [];

    /// <summary>Devices by id, with node and port.</summary>
    public Dictionary<string, (string Node, string Port)> Devices { get; } = [];

    public int Ports { get; init; } = 4;

    /// <summary>Size of every disk that is opened.</summary>
    public long FileSizeBytes { get; set; } = 1L << 30;

    /// <summary>Whether the guest lets go of a device when it is asked.</summary>
    public bool LetsGo { get; set; } = true;

    /// <summary>Changing commands left until the daemon dies instead of, or after, the next one; null for never.</summary>
    public int? DiesAfter { get; set; }
    public bool DiesAfterTheWork { get; set; }

    /// <summary>Changing commands in the order they came.</summary>
    public List<string> Commands { get; } = [];

    /// <summary>What the guest finds: a disk is a device whose chain is whole.</summary>
    public IEnumerable<string> Disks => Devices.Values.Where(d => Nodes.ContainsKey(d.Node)).Select(d => d.Node).Order(StringComparer.Ordinal);

    /// <summary>The guest lets go of what it was asked for.</summary>
    public void Release()
    {
        foreach (var id in _leaving)
            Devices.Remove(id);
        _leaving.Clear();
    }

    public Task<JsonElement> ExecuteAsync(string command, Action<Utf8JsonWriter>? arguments, CancellationToken ct)
    {
        var given = Read(arguments);
        if (command.StartsWith("query", StringComparison.Ordinal) || command is "qom-list" or "qom-get")
            return Task.FromResult(Ask(command, given));
        var dies = DiesAfter-- == 0;
        if (dies && !DiesAfterTheWork)
            throw new OperationCanceledException("the daemon is dead");
        Commands.Add(command);
        Do(command, given);
        return dies ? throw new OperationCanceledException("the daemon is dead") : Task.FromResult(ToElement(new JsonObject()));
    }

    private JsonElement Ask(string command, JsonObject given)
    {
        JsonNode answer = command switch
        {
            "query-block" => new JsonArray([.. Devices.Select(d => (JsonNode)new JsonObject
            {
                ["device"] = "", ["qdev"] = $"/machine/peripheral/{d.Key}/virtio-backend",
                ["inserted"] = new JsonObject { ["node-name"] = d.Value.Node, ["image"] = new JsonObject { ["virtual-size"] = Sizes[d.Value.Node] } },
            })]),
            "query-named-block-nodes" => new JsonArray([.. Nodes.Keys.Select(n => (JsonNode)new JsonObject { ["node-name"] = n, ["image"] = new JsonObject { ["virtual-size"] = Sizes.GetValueOrDefault(n) } })]),
            "qom-list" when (string)given["path"]! == "/objects" => Children([.. Groups.Keys, .. Secrets.Keys, "memory", "io"]),
            "qom-list" => Children([.. Enumerable.Range(0, Ports).Select(p => $"port{p}"), .. Devices.Keys]),
            "qom-get" when (string)given["property"]! == "limits" => Groups[((string)given["path"]!)["/objects/".Length..]].DeepClone(),
            "qom-get" => (JsonNode)$"/machine/peripheral/{Devices[((string)given["path"]!)["/machine/peripheral/".Length..]].Port}/{Devices[((string)given["path"]!)["/machine/peripheral/".Length..]].Port}",
            _ => throw Refused($"The command {command} has not been found"),
        };
        return ToElement(answer);
    }

    private void Do(string command, JsonObject given)
    {
        switch (command)
        {
            case "object-add":
                if ((string?)given["qom-type"] == "secret")
                {
                    if (!Secrets.TryAdd((string)given["id"]!, (string)given["data"]!))
                        throw Refused("attempt to add duplicate property");
                    break;
                }

                if (!Groups.TryAdd((string)given["id"]!, (JsonObject)given["limits"]!.DeepClone()))
                    throw Refused("attempt to add duplicate property");
                break;
            case "object-del":
                if (Nodes.Values.Any(n => (string?)n["throttle-group"] == (string)given["id"]!))
                    throw Refused("object is in use");
                if (!Groups.Remove((string)given["id"]!) && !Secrets.Remove((string)given["id"]!))
                    throw Refused("object not found");
                break;
            case "blockdev-add":
                AddNode(given);
                break;
            case "blockdev-del":
                RemoveNode((string)given["node-name"]!);
                break;
            case "blockdev-reopen":
                var options = given["options"]!.AsArray()[0]!.AsObject();
                Reopen(options);
                break;
            case "device_add":
                Plug((string)given["id"]!, (string)given["drive"]!, (string)given["bus"]!);
                break;
            case "device_del":
                Unplug((string)given["id"]!);
                break;
            case "block_resize":
                Sizes[(string)given["node-name"]!] = (long)given["size"]!;
                break;
            case "qom-set":
                Groups[((string)given["path"]!)["/objects/".Length..]] = (JsonObject)given["value"]!.DeepClone();
                break;
            default:
                throw Refused($"The command {command} has not been found");
        }
    }

    /// <summary>Puts another child in the place of a node's; the old one goes unless it was added by itself.</summary>
    private void Reopen(JsonObject options)
    {
        var name = (string)options["node-name"]!;
        var child = (string)options["file"]!;
        if (!Nodes.ContainsKey(child))
            throw Refused($"Cannot find device='' nor node-name='{child}'");
        foreach (var old in Children(name).ToList())
            Forget(old);
        Nodes[name] = (JsonObject)options.DeepClone();
        if (Nodes.Values.FirstOrDefault(n => n["file"] is JsonObject inner && (string?)inner["node-name"] == name) is { } parent)
            parent["file"] = options.DeepClone();
    }

    private void Forget(string name)
    {
        if (_owned.Contains(name))
            return;
        Nodes.Remove(name);
        Sizes.Remove(name);
    }

    private void AddNode(JsonObject node)
    {
        var name = (string)node["node-name"]!;
        if (Nodes.ContainsKey(name))
            throw Refused($"Duplicate nodes with node-name='{name}'");
        if ((string?)node["throttle-group"] is { } group && !Groups.ContainsKey(group))
            throw Refused($"Throttle group '{group}' does not exist");
        if ((string?)node["file"]?["encrypt"]?["key-secret"] is { } secret && !Secrets.ContainsKey(secret))
            throw Refused($"No secret with id '{secret}'");
        Nodes[name] = (JsonObject)node.DeepClone();
        Sizes[name] = FileSizeBytes;
        _owned.Add(name);
        for (var child = node["file"] as JsonObject; child is not null; child = child["file"] as JsonObject)
            Nodes[(string)child["node-name"]!] = (JsonObject)child.DeepClone();
    }

    private void RemoveNode(string name)
    {
        if (!Nodes.ContainsKey(name))
            throw Refused($"Failed to find node with node-name='{name}'");
        if (!_owned.Contains(name))
            throw Refused($"Node {name} is not owned by the monitor");
        if (Devices.Values.Any(d => d.Node == name) || Nodes.Values.Any(n => n["file"] is JsonValue file && (string?)file == name))
            throw Refused($"Node {name} is in use");
        var children = Children(name).ToList();
        _owned.Remove(name);
        Forget(name);
        children.ForEach(Forget);
    }

    private IEnumerable<string> Children(string name)
    {
        var file = Nodes[name]["file"];
        for (; file is JsonObject child; file = child["file"])
            yield return (string)child["node-name"]!;
        if (file is JsonValue last)
            yield return (string)last!;
    }

    private void Plug(string id, string node, string port)
    {
        if (!Nodes.ContainsKey(node))
            throw Refused($"Property 'virtio-blk-device.drive' can't find value '{node}'");
        if (Devices.ContainsKey(id))
            throw Refused($"Duplicate device ID '{id}'");
        Assert.DoesNotContain(Devices.Values, d => d.Port == port);
        Devices[id] = (node, port);
    }

    private void Unplug(string id)
    {
        if (!Devices.ContainsKey(id))
            throw new QmpException(QmpFailure.Refused, $"Device '{id}' not found") { ErrorClass = "DeviceNotFound" };
        if (!_leaving.Add(id))
            throw Refused($"Device {id} is already in the process of unplug");
        if (LetsGo)
            Release();
    }

    private static JsonElement ToElement(JsonNode node)
    {
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    private static JsonArray Children(IEnumerable<string> names) =>
        [new JsonObject { ["name"] = "type", ["type"] = "string" }, .. names.Select(n => (JsonNode)new JsonObject { ["name"] = n, ["type"] = "child<anything>" })];

    private static QmpException Refused(string why) => new(QmpFailure.Refused, why) { ErrorClass = "GenericError" };

    private static JsonObject Read(Action<Utf8JsonWriter>? arguments)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            arguments?.Invoke(writer);
            writer.WriteEndObject();
        }

        return JsonNode.Parse(stream.ToArray())!.AsObject();
    }
}
