using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Skep.Kubernetes.Requests;

/// <summary>
/// Parses one YAML document into JSON nodes: the core schema of YAML 1.2 without aliases, so a small body stays small.
/// </summary>
internal static class YamlTree
{
    /// <summary>Parses a document that must be a mapping; keys that occur twice are reported and the last one counts.</summary>
    /// <exception cref="ApiException">400 with the position of the mistake.</exception>
    public static JsonObject ParseObject(ReadOnlyMemory<byte> yaml, List<string> duplicates)
    {
        if (!Utf8.IsValid(yaml.Span))
            throw ApiErrors.BadRequest("the body is not valid UTF-8");
        try
        {
            var parser = new Parser(new StringReader(Encoding.UTF8.GetString(yaml.Span)));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            var node = Read(parser, "", 1, duplicates);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                throw ApiErrors.BadRequest("the body holds more than one YAML document");
            return node as JsonObject ?? throw ApiErrors.BadRequest("the body must be a YAML mapping");
        }
        catch (YamlException ex)
        {
            throw ApiErrors.BadRequest($"the body is not valid YAML: line {ex.Start.Line}, column {ex.Start.Column}: {ex.Message}");
        }
    }

    private static JsonNode? Read(Parser parser, string path, int depth, List<string> duplicates)
    {
        if (depth > ResourceDocument.DepthMax)
            throw ApiErrors.BadRequest($"the body nests deeper than {ResourceDocument.DepthMax}");
        if (parser.TryConsume<MappingStart>(out _))
            return ReadMapping(parser, path, depth, duplicates);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
                array.Add(Read(parser, $"{path}[{array.Count}]", depth + 1, duplicates));
            return array;
        }

        if (parser.Accept<AnchorAlias>(out var alias))
            throw ApiErrors.BadRequest($"line {alias.Start.Line}: YAML aliases are not accepted");
        return Scalar(parser.Consume<Scalar>());
    }

    private static JsonObject ReadMapping(Parser parser, string path, int depth, List<string> duplicates)
    {
        var node = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
                throw ApiErrors.BadRequest($"line {parser.Current?.Start.Line}: the key of a YAML mapping must be a scalar");
            if (!IsUnicode(key.Value))
                throw ApiErrors.BadRequest($"line {key.Start.Line}: a key is not valid Unicode");
            var memberPath = path.Length == 0 ? key.Value : $"{path}.{key.Value}";
            var value = Read(parser, memberPath, depth + 1, duplicates);
            if (node.ContainsKey(key.Value) && duplicates.Count < JsonTree.DuplicatesMax)
                duplicates.Add(memberPath);
            node[key.Value] = value;
        }

        return node;
    }

    private static JsonValue? Scalar(Scalar scalar)
    {
        var text = scalar.Value;
        if (!IsUnicode(text))
            throw ApiErrors.BadRequest($"line {scalar.Start.Line}: a string is not valid Unicode");
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str")
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

        if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex))
            return JsonValue.Create(hex);
        if (!char.IsAsciiDigit(text[^1]) && text[^1] != '.')
            return JsonValue.Create(text);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }

    // An escape in a quoted scalar can spell half of a surrogate pair, which no UTF-8 can hold.
    private static bool IsUnicode(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var length) is not System.Buffers.OperationStatus.Done)
                return false;
            text = text[length..];
        }

        return true;
    }
}
