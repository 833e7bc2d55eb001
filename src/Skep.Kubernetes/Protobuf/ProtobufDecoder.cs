using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Protobuf;

/// <summary>Turns messages into the JSON that Go's json tags would have made of the same objects.</summary>
internal static class ProtobufDecoder
{
    /// <summary>Decodes the fields of a message into an object. Fields without an entry in the table are passed over.</summary>
    public static void Decode(ReadOnlySpan<byte> bytes, ProtobufMessage message, JsonObject target, int depth)
    {
        if (depth > ResourceDocument.DepthMax)
            throw ProtobufReader.Malformed($"it nests deeper than {ResourceDocument.DepthMax}");
        var reader = new ProtobufReader(bytes);
        while (reader.ReadTag(out var number, out var wireType))
        {
            if (message.Find(number) is not { } field || wireType != WireType(field.Type))
            {
                reader.Skip(wireType);
                continue;
            }

            if (field.Type is ProtobufType.TextMap or ProtobufType.BytesMap)
            {
                AddEntry(reader.ReadBytes(), field, target);
                continue;
            }

            var value = ReadValue(ref reader, field, depth);
            if (field.IsRepeated)
                ((JsonArray)(target[field.Name] ??= new JsonArray())).Add(value);
            else if (value is not null)
                target[field.Name] = value;
        }
    }

    private static int WireType(ProtobufType type) =>
        type is ProtobufType.Integer or ProtobufType.Flag ? ProtobufReader.Varint : ProtobufReader.LengthDelimited;

    private static JsonNode? ReadValue(ref ProtobufReader reader, ProtobufField field, int depth)
    {
        var keepsZero = field.IsPointer || field.IsRepeated;
        switch (field.Type)
        {
            case ProtobufType.Text:
                var text = reader.ReadText();
                return text.Length > 0 || keepsZero ? JsonValue.Create(text) : null;
            case ProtobufType.Bytes:
                var bytes = reader.ReadBytes();
                return bytes.Length > 0 || keepsZero ? JsonValue.Create(Convert.ToBase64String(bytes)) : null;
            case ProtobufType.Integer:
                var number = (long)reader.ReadVarint();
                return number != 0 || keepsZero ? JsonValue.Create(number) : null;
            case ProtobufType.Flag:
                var flag = reader.ReadVarint() != 0;
                return flag || keepsZero ? JsonValue.Create(flag) : null;
            case ProtobufType.Time or ProtobufType.MicroTime:
                return ReadTime(reader.ReadBytes(), field.Type);
            case ProtobufType.Json:
                return ReadJson(reader.ReadBytes());
            default:
                var nested = new JsonObject();
                Decode(reader.ReadBytes(), field.Message!, nested, depth + 1);
                return nested.Count > 0 || keepsZero ? nested : null;
        }
    }

    private static JsonValue? ReadTime(ReadOnlySpan<byte> bytes, ProtobufType type)
    {
        var (seconds, nanos) = ReadPair(bytes);
        if (seconds == 0 && nanos == 0)
            return null;
        if (seconds is < -62_135_596_800 or > 253_402_300_799 || nanos is < 0 or > 999_999_999)
            throw ProtobufReader.Malformed("a time is out of range");
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100);
        return JsonValue.Create(time.ToString(type is ProtobufType.Time ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
    }

    private static (long First, long Second) ReadPair(ReadOnlySpan<byte> bytes)
    {
        var (first, second) = (0L, 0L);
        var reader = new ProtobufReader(bytes);
        while (reader.ReadTag(out var number, out var wireType))
        {
            if (number == 1 && wireType == ProtobufReader.Varint)
                first = (long)reader.ReadVarint();
            else if (number == 2 && wireType == ProtobufReader.Varint)
                second = (long)reader.ReadVarint();
            else
                reader.Skip(wireType);
        }

        return (first, second);
    }

    private static JsonNode? ReadJson(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        JsonNode? json = null;
        while (reader.ReadTag(out var number, out var wireType))
        {
            if (number == 1 && wireType == ProtobufReader.LengthDelimited)
                json = JsonTree.Parse(reader.ReadBytes(), []);
            else
                reader.Skip(wireType);
        }

        return json;
    }

    // A map is a repeated message {1 key, 2 value}.
    private static void AddEntry(ReadOnlySpan<byte> bytes, ProtobufField field, JsonObject target)
    {
        var key = "";
        ReadOnlySpan<byte> value = default;
        var reader = new ProtobufReader(bytes);
        while (reader.ReadTag(out var number, out var wireType))
        {
            if (number == 1 && wireType == ProtobufReader.LengthDelimited)
                key = reader.ReadText();
            else if (number == 2 && wireType == ProtobufReader.LengthDelimited)
                value = reader.ReadBytes();
            else
                reader.Skip(wireType);
        }

        if (field.Type is ProtobufType.TextMap && !System.Text.Unicode.Utf8.IsValid(value))
            throw ProtobufReader.Malformed("a string is not valid UTF-8");
        var map = (JsonObject)(target[field.Name] ??= new JsonObject());
        map[key] = field.Type is ProtobufType.TextMap
            ? System.Text.Encoding.UTF8.GetString(value)
            : Convert.ToBase64String(value);
    }
}
