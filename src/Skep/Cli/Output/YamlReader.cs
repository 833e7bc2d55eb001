using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Skep.Cli.Output;

/// <summary>
/// Reads YAML (any number of documents) and JSON into JSON documents. Scalars are resolved by YAML 1.2's core schema
/// (section 10.3.2). Depth and the number of nodes are bounded, aliases count as what they stand for.
/// </summary>
internal sealed class YamlReader
{
    private const int DepthMax = 100;
    private const int NodesMax = 1_000_000;

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
    private readonly string _source;
    private int _nodes;

    private YamlReader(string text, string source)
    {
        _parser = new Parser(new StringReader(text));
        _source = source;
    }

    /// <summary>All documents of a text; empty ones are left out. <paramref name="source"/> names it in errors.</summary>
    /// <exception cref="CliException">It is neither YAML nor JSON.</exception>
    public static IReadOnlyList<JsonNode> ReadAll(string text, string source)
    {
        // JSON may be indented with tabs, which YAML forbids.
        if (text.AsSpan().TrimStart() is ['{' or '[', ..] && TryReadJson(text) is { } json)
            return [json];
        try
        {
            return new YamlReader(text, source).ReadDocuments();
        }
        catch (YamlException ex)
        {
            throw new CliException($"{source} line {ex.Start.Line}, column {ex.Start.Column}: not valid YAML: {ex.Message}");
        }
    }

    private static JsonNode? TryReadJson(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = DepthMax });
        }
        catch (JsonException)
        {
            return null; // flow-style YAML begins the same way; its reader reports what is wrong
        }
    }

    private List<JsonNode> ReadDocuments()
    {
        var documents = new List<JsonNode>();
        while (_parser.MoveNext())
        {
            if (_parser.Current is not DocumentStart)
                continue;
            _anchors.Clear();
            _parser.MoveNext();
            if (ReadNode(0) is { } document)
                documents.Add(document);
        }

        return documents;
    }

    // The parser stands on the node's first event when called, and on its last when it returns.
    private JsonNode? ReadNode(int depth)
    {
        var current = _parser.Current!;
        if (depth > DepthMax)
            throw Wrong(current, $"nested deeper than {DepthMax} levels");
        if (++_nodes > NodesMax)
            throw Wrong(current, $"more than {NodesMax} values");
        if (current is AnchorAlias alias)
            return Expand(alias);

        JsonNode? node = current switch
        {
            Scalar scalar => Resolve(scalar),
            SequenceStart => ReadList(depth),
            MappingStart => ReadMap(depth),
            _ => throw Wrong(current, "a value was expected here"),
        };
        if (current is NodeEvent { Anchor.IsEmpty: false } named)
            _anchors[named.Anchor] = node;
        return node;
    }

    private JsonArray ReadList(int depth)
    {
        var list = new JsonArray();
        while (Next() is not SequenceEnd)
            list.Add(ReadNode(depth + 1));
        return list;
    }

    private JsonObject ReadMap(int depth)
    {
        var map = new JsonObject();
        while (Next() is not MappingEnd)
        {
            if (_parser.Current is not Scalar key)
                throw Wrong(_parser.Current!, "a key must be a plain text");
            if (map.ContainsKey(key.Value))
                throw Wrong(key, $"the key \"{key.Value}\" is there twice");
            Next();
            map[key.Value] = ReadNode(depth + 1);
        }

        return map;
    }

    private ParsingEvent Next() => _parser.MoveNext() && _parser.Current is { } next
        ? next
        : throw new CliException($"{_source}: not valid YAML: it ends in the middle of a value");

    private JsonNode? Expand(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out var node))
            throw Wrong(alias, $"nothing is named *{alias.Value}");
        _nodes += Count(node);
        if (_nodes > NodesMax)
            throw Wrong(alias, $"more than {NodesMax} values");
        return node?.DeepClone();
    }

    private static int Count(JsonNode? node) => node switch
    {
        JsonObject map => 1 + map.Sum(member => Count(member.Value)),
        JsonArray list => 1 + list.Sum(Count),
        _ => 1,
    };

    private static JsonNode? Resolve(Scalar scalar)
    {
        var text = scalar.Value;
        var isText = scalar.Style != ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str" || scalar.Tag == "!";
        if (isText)
            return JsonValue.Create(text);
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
        }

        return ResolveNumber(text) ?? JsonValue.Create(text);
    }

    private static JsonValue? ResolveNumber(string text)
    {
        if (!(char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.'))
            return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex))
            return JsonValue.Create(hex);
        const NumberStyles Float = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : null;
    }

    private CliException Wrong(ParsingEvent at, string what) =>
        new($"{_source} line {at.Start.Line}, column {at.Start.Column}: {what}");
}
