using System.Text.Json.Nodes;

namespace Skep.Aws.Generator;

/// <summary>The shapes that the served operations of one service reach, numbered for the table.</summary>
internal sealed class ShapeGraph
{
    private readonly ServiceModel _service;
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _responses = new(StringComparer.Ordinal);

    public ShapeGraph(ServiceModel service)
    {
        _service = service;
        foreach (var name in service.Served)
        {
            var operation = service.Operation(name);
            if ((string?)operation["input"] is { } input)
                Reach(input);
            if ((string?)operation["output"] is { } output)
            {
                Reach(output);
                MarkResponse(output);
            }
        }
    }

    /// <summary>Names in order of their index.</summary>
    public List<string> Names { get; } = [];

    public int IndexOf(string name) => _indexes[name];

    public JsonObject Shape(string name) => _service.Shape(name);

    /// <summary>Whether the shape occurs in a response, where handlers fill members one by one.</summary>
    public bool IsInResponse(string name) => _responses.Contains(name);

    /// <summary>The C# type of a value of a shape.</summary>
    public string TypeOf(string name)
    {
        var shape = Shape(name);
        return (string)shape["type"]! switch
        {
            "structure" => name,
            "list" => $"List<{TypeOf((string)shape["member"]!["shape"]!)}>",
            "string" => "string",
            "integer" => "int",
            "long" => "long",
            "boolean" => "bool",
            "float" or "double" => "double",
            "timestamp" => "DateTimeOffset",
            "blob" when (bool?)shape["streaming"] is true => "Payload",
            "blob" => "byte[]",
            var other => throw new GeneratorException($"{_service.Folder}: shape {name} has type {other}, which the codec does not know"),
        };
    }

    /// <summary>A member's name in a request (EC2 protocol: queryName, else the capitalised locationName, else the name).</summary>
    public string NameIn(string name, JsonObject member)
    {
        var location = (string?)member["locationName"];
        if (_service.Protocol != "ec2")
            return location ?? name;
        if ((string?)member["queryName"] is { } query)
            return query;
        return location is null ? name : char.ToUpperInvariant(location[0]) + location[1..];
    }

    private void Reach(string name)
    {
        if (!_indexes.TryAdd(name, Names.Count))
            return;
        Names.Add(name);
        var shape = Shape(name);
        foreach (var (_, member) in shape["members"]?.AsObject() ?? [])
            Reach((string)member!["shape"]!);
        if (shape["member"] is { } element)
            Reach((string)element["shape"]!);
    }

    private void MarkResponse(string name)
    {
        if (!_responses.Add(name))
            return;
        var shape = Shape(name);
        foreach (var (_, member) in shape["members"]?.AsObject() ?? [])
            MarkResponse((string)member!["shape"]!);
        if (shape["member"] is { } element)
            MarkResponse((string)element["shape"]!);
    }
}
