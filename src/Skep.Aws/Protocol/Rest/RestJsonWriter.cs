using System.Collections;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skep.Aws.Protocol.Rest;

/// <summary>Writes answers and errors of the restJson1 protocol from the tables.</summary>
internal static class RestJsonWriter
{
    private const double MillisecondsPerSecond = 1_000;

    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON document of an answer: its members that are in the body.</summary>
    public static ByteBuffer Body(Structure? output)
    {
        var buffer = new ByteBuffer();
        if (output is null || output.Shape.Members.Any(m => m.Location is MemberLocation.Payload))
            return buffer;
        using var json = new Utf8JsonWriter(buffer, _options);
        Members(json, output);
        json.Flush();
        return buffer;
    }

    /// <summary>The members of an answer that are headers.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(Structure output)
    {
        foreach (var member in output.Shape.Members)
        {
            if (member.Location is MemberLocation.Header && output.Slots[member.Slot] is { } value)
                yield return new(member.NameOut, HeaderText(value));
        }
    }

    /// <summary>The member of an answer that is its body, if it has one.</summary>
    public static Payload? Payload(Structure? output) =>
        output?.Shape.Members.FirstOrDefault(m => m.Location is MemberLocation.Payload) is { } member ? (Payload?)output.Slots[member.Slot] : null;

    /// <summary>The document of an error; its code is in the header X-Amzn-ErrorType.</summary>
    public static ByteBuffer Error(AwsException error)
    {
        var buffer = new ByteBuffer();
        using var json = new Utf8JsonWriter(buffer, _options);
        json.WriteStartObject();
        json.WriteString("Message"u8, error.Message);
        if (error.Reason is { } reason)
            json.WriteString("Reason"u8, reason);
        json.WriteEndObject();
        json.Flush();
        return buffer;
    }

    private static string HeaderText(object value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTimeOffset time => time.ToString("r", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"a header cannot hold a {value.GetType()}"),
    };

    private static void Members(Utf8JsonWriter json, Structure value)
    {
        json.WriteStartObject();
        foreach (var member in value.Shape.Members)
        {
            if (member.Location is not MemberLocation.Body || value.Slots[member.Slot] is not { } content)
                continue;
            json.WritePropertyName(member.NameOutUtf8);
            Value(json, content);
        }

        json.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter json, object value)
    {
        switch (value)
        {
            case Structure structure:
                Members(json, structure);
                break;
            case IList items and not byte[]:
                json.WriteStartArray();
                foreach (var item in items)
                    Value(json, item!);
                json.WriteEndArray();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                json.WriteNumberValue(time.ToUnixTimeMilliseconds() / MillisecondsPerSecond);
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            default:
                throw new InvalidOperationException($"an answer cannot hold a {value.GetType()}");
        }
    }
}
