using System.Collections;
using System.Collections.Frozen;
using System.Text.Json;

namespace Skep.Aws.Protocol;

/// <summary>How requests and answers of a service look on the wire.</summary>
internal enum WireProtocol
{
    /// <summary>EC2's own: lists are always flat, answers are not wrapped.</summary>
    Ec2,

    /// <summary>IAM, STS and others: lists are Name.member.N, answers are wrapped in a result element.</summary>
    Query,

    /// <summary>EBS direct and others: method and path name the operation, members are in path, query, headers and a JSON body.</summary>
    RestJson,
}

/// <summary>One operation of a service's table.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Input">Shape of requests.</param>
/// <param name="Output">Shape of answers.</param>
/// <param name="ResultWrapper">The element around an answer (query protocol).</param>
/// <param name="Filters">Names of filters.</param>
/// <param name="Http">Method, path and status (REST protocols).</param>
internal sealed record OperationModel(string Name, Shape? Input, Shape? Output, string ResultWrapper, FrozenSet<string> Filters, HttpBinding? Http);

/// <summary>How a REST protocol addresses an operation.</summary>
/// <param name="Method">Upper-case method.</param>
/// <param name="Path">The path, with labels in braces: <c>/snapshots/{snapshotId}/blocks</c>.</param>
/// <param name="Status">Status of a success.</param>
internal sealed record HttpBinding(string Method, string Path, int Status);

/// <summary>
/// A service as tables. The generated subclass brings one JSON literal
/// <c>{name, apiVersion, protocol, xmlNamespace, names, errors, operations, shapes}</c>; shapes refer to each other by
/// index, and their rows are <c>["structure", name, [[name, nameIn, nameOut, shape, flags, location?]…]]</c> (flag 1
/// required, 2 idempotency token), <c>["list", name, min, max, element, elementName, flattened]</c> and
/// <c>[scalar, name, min, max, pattern, [values]]</c>; an operation's is
/// <c>[name, input, output, wrapper, [filters], [method, path, status]?]</c>. Immutable; thread-safe.
/// </summary>
internal abstract class ServiceModel
{
    private const int RequiredFlag = 1;
    private const int IdempotencyFlag = 2;

    private readonly FrozenDictionary<string, OperationModel> _operations;
    private readonly FrozenSet<string> _names;

    protected ServiceModel(ReadOnlySpan<byte> table)
    {
        var reader = new Utf8JsonReader(table);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        Name = root.GetProperty("name").GetString()!;
        ApiVersion = root.GetProperty("apiVersion").GetString()!;
        XmlNamespace = root.GetProperty("xmlNamespace").GetString()!;
        Protocol = root.GetProperty("protocol").GetString() switch
        {
            "ec2" => WireProtocol.Ec2,
            "query" => WireProtocol.Query,
            "rest-json" => WireProtocol.RestJson,
            var other => throw new InvalidOperationException($"{Name} has protocol {other}"),
        };
        _names = Strings(root.GetProperty("names"));
        Errors = root.GetProperty("errors").EnumerateObject().ToFrozenDictionary(e => e.Name, e => e.Value.GetInt32(), StringComparer.Ordinal);
        Shapes = [.. root.GetProperty("shapes").EnumerateArray().Select((row, index) => NewShape(row, index))];
        foreach (var (shape, row) in Shapes.Zip(root.GetProperty("shapes").EnumerateArray()))
            Link(shape, row);
        _operations = root.GetProperty("operations").EnumerateArray().Select(NewOperation).ToFrozenDictionary(o => o.Name, StringComparer.Ordinal);
    }

    /// <summary>The service in a signature's scope: "ec2".</summary>
    public string Name { get; }
    public string ApiVersion { get; }
    public string XmlNamespace { get; }
    public WireProtocol Protocol { get; }

    /// <summary>HTTP status by modelled error code; EC2's model has none.</summary>
    public FrozenDictionary<string, int> Errors { get; }

    /// <summary>The shapes that served operations reach, by index.</summary>
    public IReadOnlyList<Shape> Shapes { get; }

    /// <summary>Served operations.</summary>
    public IReadOnlyCollection<OperationModel> Operations => _operations.Values;

    /// <summary>Whether AWS has an operation of that name, served here or not.</summary>
    public bool IsKnown(string operation) => _names.Contains(operation);

    /// <summary>How many operations AWS has.</summary>
    public int KnownCount => _names.Count;

    /// <summary>A served operation, or null.</summary>
    public OperationModel? Find(string operation) => _operations.GetValueOrDefault(operation);

    /// <summary>An empty value of a structure shape.</summary>
    public abstract Structure NewStructure(int shape);

    /// <summary>An empty value of a list shape.</summary>
    public abstract IList NewList(int shape);

    private Shape NewShape(JsonElement row, int index)
    {
        var type = row[0].GetString() switch
        {
            "structure" => ShapeType.Structure,
            "list" => ShapeType.List,
            "string" => ShapeType.String,
            "integer" => ShapeType.Integer,
            "long" => ShapeType.Long,
            "float" or "double" => ShapeType.Double,
            "boolean" => ShapeType.Boolean,
            "timestamp" => ShapeType.Timestamp,
            "blob" => ShapeType.Blob,
            var other => throw new InvalidOperationException($"shape {index} of {Name} has type {other}"),
        };
        var name = row[1].GetString()!;
        return type switch
        {
            ShapeType.Structure => new Shape { Service = this, Index = index, Type = type, Name = name },
            ShapeType.List => new Shape
            {
                Service = this, Index = index, Type = type, Name = name, Min = Number(row[2]), Max = Number(row[3]),
                ElementName = row[5].GetString()!, IsFlattened = row[6].GetBoolean(),
            },
            _ => new Shape
            {
                Service = this, Index = index, Type = type, Name = name, Min = Number(row[2]), Max = Number(row[3]),
                Pattern = row[4].GetString(), Values = row[5].ValueKind is JsonValueKind.Array ? Strings(row[5]) : null,
            },
        };
    }

    private void Link(Shape shape, JsonElement row)
    {
        if (shape.Type is ShapeType.List)
            shape.Element = Shapes[row[4].GetInt32()];
        if (shape.Type is not ShapeType.Structure)
            return;
        shape.Members =
        [
            .. row[2].EnumerateArray().Select((m, slot) => new Member(
                m[0].GetString()!, m[1].GetString()!, m[2].GetString()!, Shapes[m[3].GetInt32()], slot,
                (m[4].GetInt32() & RequiredFlag) != 0, (m[4].GetInt32() & IdempotencyFlag) != 0, LocationOf(m))),
        ];
    }

    private OperationModel NewOperation(JsonElement row) =>
        new(
            row[0].GetString()!, ShapeAt(row[1]), ShapeAt(row[2]), row[3].GetString()!, Strings(row[4]),
            row.GetArrayLength() > 5 ? new HttpBinding(row[5][0].GetString()!, row[5][1].GetString()!, row[5][2].GetInt32()) : null);

    private static MemberLocation LocationOf(JsonElement member) => member.GetArrayLength() <= 5 ? MemberLocation.Body : member[5].GetString() switch
    {
        "uri" => MemberLocation.Path,
        "querystring" => MemberLocation.Query,
        "header" => MemberLocation.Header,
        "payload" => MemberLocation.Payload,
        var other => throw new InvalidOperationException($"member {member[0]} is in {other}"),
    };

    private Shape? ShapeAt(JsonElement index) => index.GetInt32() is >= 0 and var i ? Shapes[i] : null;

    private static double? Number(JsonElement value) => value.ValueKind is JsonValueKind.Number ? value.GetDouble() : null;

    private static FrozenSet<string> Strings(JsonElement array) =>
        array.EnumerateArray().Select(v => v.GetString()!).ToFrozenSet(StringComparer.Ordinal);
}
