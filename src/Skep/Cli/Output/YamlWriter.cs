using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skep.Cli.Output;

/// <summary>
/// Writes JSON documents as YAML 1.2 in block style, in the form that Kubernetes' tools use: two spaces, list items at
/// their key's column. Strings that another reader (YAML 1.1 too) could take for something else are quoted.
/// </summary>
internal static class YamlWriter
{
    // YAML 1.2.2, section 5.3: characters that cannot begin a plain scalar. '-', '?' and ':' may in some places; quoting
    // them always is simpler and as correct.
    private const string Indicators = "-?:,[]{}#&*!|>'\"%@`=~";

    // YAML 1.1 reads these as booleans, null or special floats.
    private static readonly HashSet<string> _reserved = new(
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "+.inf"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>One document, with a final newline.</summary>
    public static string Render(JsonNode? node)
    {
        var text = new StringBuilder();
        if (node is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
            WriteBlock(text, node, 0);
        else
            text.Append(Inline(node)).Append('\n');
        return text.ToString();
    }

    private static void WriteBlock(StringBuilder text, JsonNode node, int indent)
    {
        if (node is JsonObject map)
        {
            foreach (var (key, value) in map)
                WriteMember(text.Append(' ', indent), key, value, indent);
        }
        else
        {
            foreach (var item in node.AsArray())
                WriteItem(text.Append(' ', indent).Append("- "), item, indent);
        }
    }

    private static void WriteMember(StringBuilder text, string key, JsonNode? value, int indent)
    {
        text.Append(Quoted(key)).Append(':');
        if (IsInline(value))
        {
            text.Append(' ').Append(Inline(value)).Append('\n');
        }
        else if (value is JsonValue)
        {
            WriteLiteral(text.Append(' '), value.GetValue<string>(), indent + 2);
        }
        else
        {
            text.Append('\n');
            WriteBlock(text, value!, value is JsonArray ? indent : indent + 2);
        }
    }

    private static void WriteItem(StringBuilder text, JsonNode? item, int indent)
    {
        if (IsInline(item))
        {
            text.Append(Inline(item)).Append('\n');
        }
        else if (item is JsonValue)
        {
            WriteLiteral(text, item.GetValue<string>(), indent + 2);
        }
        else if (item is JsonObject map)
        {
            var isFirst = true;
            foreach (var (key, value) in map)
            {
                if (!isFirst)
                    text.Append(' ', indent + 2);
                WriteMember(text, key, value, indent + 2);
                isFirst = false;
            }
        }
        else
        {
            // A list in a list: the inner one begins on the same line.
            var inner = new StringBuilder();
            WriteBlock(inner, item!, indent + 2);
            text.Append(inner, indent + 2, inner.Length - indent - 2);
        }
    }

    // Block scalar, YAML 1.2.2 section 8.1.2.
    private static void WriteLiteral(StringBuilder text, string value, int indent)
    {
        var body = value.TrimEnd('\n');
        var newlines = value.Length - body.Length;
        text.Append(newlines switch { 0 => "|-", 1 => "|", _ => "|+" }).Append('\n');
        foreach (var line in body.Split('\n'))
        {
            if (line.Length > 0)
                text.Append(' ', indent).Append(line);
            text.Append('\n');
        }

        text.Append('\n', Math.Max(0, newlines - 1));
    }

    private static bool IsInline(JsonNode? node) => node switch
    {
        JsonObject map => map.Count == 0,
        JsonArray list => list.Count == 0,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => !IsLiteral(value.GetValue<string>()),
        _ => true,
    };

    // Lines that begin or end with blanks, and control characters, would not survive as a block scalar.
    private static bool IsLiteral(string value) =>
        value.Contains('\n', StringComparison.Ordinal)
        && value.TrimEnd('\n').Length > 0
        && !value.StartsWith(' ') && !value.StartsWith('\n')
        && !value.Any(c => c != '\n' && (char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF'))
        && !value.Contains(" \n", StringComparison.Ordinal) && !value.EndsWith(' ');

    private static string Inline(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when node.GetValueKind() == JsonValueKind.String => Quoted(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Quoted(string value)
    {
        if (IsPlain(value))
            return value;
        // Double-quoted style, YAML 1.2.2 section 5.7.
        var text = new StringBuilder("\"");
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\t' => text.Append("\\t"),
                '\r' => text.Append("\\r"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' => text.Append($"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }

    private static bool IsPlain(string value)
    {
        if (value.Length == 0 || value[0] is ' ' || value[^1] is ' ' or ':' || Indicators.Contains(value[0], StringComparison.Ordinal))
            return false;
        if (value.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF'))
            return false;
        if (value.Contains(": ", StringComparison.Ordinal) || value.Contains(" #", StringComparison.Ordinal))
            return false;
        if (_reserved.Contains(value))
            return false;
        // Numbers, dates and sexagesimals begin with a digit, a sign or a dot. Addresses and names that merely begin with a
        // digit are common, so only what is made of numbers' and dates' characters alone is quoted.
        return !(char.IsAsciiDigit(value[0]) || value[0] is '+' or '.') || !LooksNumeric(value);
    }

    private static bool LooksNumeric(string value) =>
        value.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || value.StartsWith("0o", StringComparison.OrdinalIgnoreCase)
        || value.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or '_' or ':' or 'e' or 'E' or 'T' or 't' or 'Z' or 'z' or ' ');
}
