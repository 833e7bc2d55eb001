using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Skep.S3.Xml;

namespace Skep.S3.Notifications;

/// <summary>Writes events as S3 does (user guide, "Event message structure"), version 2.1.</summary>
internal static class EventDocument
{
    /// <summary>The document of one event.</summary>
    public static ReadOnlyMemory<byte> Write(S3Event happened, string configurationId, string region, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(1_024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("Records");
        json.WriteStartObject();
        json.WriteString("eventVersion", "2.1");
        json.WriteString("eventSource", "aws:s3");
        json.WriteString("awsRegion", region);
        json.WriteString("eventTime", S3Xml.FormatTime(now));
        json.WriteString("eventName", happened.Name);
        Member(json, "userIdentity", "principalId", happened.PrincipalId);
        Member(json, "requestParameters", "sourceIPAddress", happened.SourceAddress);
        json.WriteStartObject("responseElements");
        json.WriteString("x-amz-request-id", happened.RequestId);
        json.WriteString("x-amz-id-2", happened.RequestId);
        json.WriteEndObject();
        json.WriteStartObject("s3");
        json.WriteString("s3SchemaVersion", "1.0");
        json.WriteString("configurationId", configurationId);
        json.WriteStartObject("bucket");
        json.WriteString("name", happened.Bucket.Name);
        Member(json, "ownerIdentity", "principalId", CanonicalUserId.Of(happened.Bucket.Owner));
        json.WriteString("arn", $"arn:aws:s3:::{happened.Bucket.Name}");
        json.WriteEndObject();
        WriteObject(json, happened, now);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>What is sent when a configuration is set.</summary>
    public static ReadOnlyMemory<byte> WriteTest(string bucket, string requestId, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("Service", "Amazon S3");
        json.WriteString("Event", "s3:TestEvent");
        json.WriteString("Time", S3Xml.FormatTime(now));
        json.WriteString("Bucket", bucket);
        json.WriteString("RequestId", requestId);
        json.WriteString("HostId", requestId);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteObject(Utf8JsonWriter json, S3Event happened, DateTimeOffset now)
    {
        json.WriteStartObject("object");
        // As in a form: + for spaces.
        json.WriteString("key", Uri.EscapeDataString(happened.Key).Replace("%20", "+", StringComparison.Ordinal).Replace("%2F", "/", StringComparison.Ordinal));
        if (happened.SizeBytes is { } size)
            json.WriteNumber("size", size);
        if (happened.ETag is { } etag)
            json.WriteString("eTag", etag);
        if (happened.VersionId is { } version)
            json.WriteString("versionId", version);
        // Hexadecimal digits, of two of one key the greater is the later; a store that does not number its changes has the time.
        var sequence = happened.Sequence > 0 ? happened.Sequence : now.ToUnixTimeMilliseconds();
        json.WriteString("sequencer", sequence.ToString("X16", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static void Member(Utf8JsonWriter json, string name, string member, string value)
    {
        json.WriteStartObject(name);
        json.WriteString(member, value);
        json.WriteEndObject();
    }
}
