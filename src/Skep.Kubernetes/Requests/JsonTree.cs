using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;

namespace Skep.Kubernetes.Requests;

/// <summary>
/// Parses JSON that a client sent. Unlike <see cref="JsonNode.Parse(ReadOnlySpan{byte}, JsonNodeOptions?, JsonDocumentOptions)"/>
/// it survives members that occur twice (the last one counts, as in Go) and says which they were.
/// </summary>
internal static class JsonTree
{
    /// <summary>Duplicates reported; more are dropped, not listed.</summary>
    public const int DuplicatesMax = 100;

    /// <summary>Parses any value.</summary>
    /// <exception cref="ApiException">400: not valid JSON or UTF-8, or nested deeper than <see cref="ResourceDocument.DepthMax"/>.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json, List<string> duplicates)
    {
        if (!Utf8.IsValid(json))
            throw ApiErrors.BadRequest("the body is not valid UTF-8");
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ResourceDocument.DepthMax });
            reader.Read();
            var node = Read(ref reader, "", duplicates);
            if (reader.Read())
                throw ApiErrors.BadRequest("the body holds more than one JSON value");
            return node;
        }
        catch (JsonException ex)
        {
            throw ApiErrors.BadRequest($"the body is not valid JSON: {ex.Message}");
        }
        catch (InvalidOperationException)
        {
            // The reader's complaint about an escaped half of a surrogate pair.
            throw ApiErrors.BadRequest("the body is not valid JSON: a string is not valid Unicode");
        }
    }

    /// <summary>Parses a value that must be an object.</summary>
    public static JsonObject ParseObject(ReadOnlySpan<byte> json, List<string> duplicates) =>
        Parse(json, duplicates) as JsonObject ?? throw ApiErrors.BadRequest("the body must be a JSON object");

    private static JsonNode? Read(ref Utf8JsonReader reader, string path, List<string> duplicates)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var node = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    var memberPath = path.Length == 0 ? name : $"{path}.{name}";
                    reader.Read();
                    var value = Read(ref reader, memberPath, duplicates);
                    if (node.ContainsKey(name) && duplicates.Count < DuplicatesMax)
                        duplicates.Add(memberPath);
                    node[name] = value;
                }

                return node;
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    array.Add(Read(ref reader, $"{path}[{array.Count}]", duplicates));
                return array;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                // As an element: the digits stay exactly as sent.
                return JsonValue.Create(JsonElement.ParseValue(ref reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }
}
