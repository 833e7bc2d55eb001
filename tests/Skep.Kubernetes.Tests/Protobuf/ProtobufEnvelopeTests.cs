using System.Text;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Protobuf;

namespace Skep.Kubernetes.Tests.Protobuf;

public sealed class ProtobufEnvelopeTests
{
    [Fact]
    public void Decodes_a_namespace()
    {
        var metadata = new ProtobufWriter().Text(1, "proj").Message(8, new ProtobufWriter())
            .Message(11, new ProtobufWriter().Text(1, "a").Text(2, "b"));
        var bytes = Envelope("v1", "Namespace", new ProtobufWriter().Message(1, metadata).Message(2, new ProtobufWriter()).Message(3, new ProtobufWriter()));
        Assert.Equal(
            """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"proj","labels":{"a":"b"}}}""",
            ProtobufEnvelope.Decode(bytes).ToJsonString());
    }

    [Fact]
    public void Decodes_bytes_as_base64_and_keeps_empty_values_of_maps()
    {
        var secret = new ProtobufWriter()
            .Message(2, new ProtobufWriter().Text(1, "p").Text(2, "w"))
            .Message(2, new ProtobufWriter().Text(1, "empty"))
            .Text(3, "Opaque");
        Assert.Equal(
            """{"kind":"Secret","apiVersion":"v1","data":{"p":"dw==","empty":""},"type":"Opaque"}""",
            ProtobufEnvelope.Decode(Envelope("v1", "Secret", secret)).ToJsonString());
    }

    [Fact]
    public void Keeps_the_zero_of_a_pointer_and_drops_the_zero_of_a_value()
    {
        // DeleteOptions.gracePeriodSeconds is a pointer; Event.count is not.
        var options = Envelope("v1", "DeleteOptions", [0x08, 0x00, .. new ProtobufWriter().Text(4, "Background").Written]);
        Assert.Equal(
            """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Background"}""",
            ProtobufEnvelope.Decode(options).ToJsonString());
        Assert.Equal("""{"kind":"Event","apiVersion":"v1"}""", ProtobufEnvelope.Decode(Envelope("v1", "Event", [0x40, 0x00])).ToJsonString());
    }

    [Fact]
    public void Decodes_times_and_negative_numbers()
    {
        // firstTimestamp {1: 1} and eventTime {1: 1, 2: 5000}; count as a sign-extended -1.
        byte[] message = [0x32, 0x02, 0x08, 0x01, 0x52, 0x05, 0x08, 0x01, 0x10, 0x88, 0x27, 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        Assert.Equal(
            """{"kind":"Event","apiVersion":"v1","firstTimestamp":"1970-01-01T00:00:01Z","eventTime":"1970-01-01T00:00:01.000005Z","count":-1}""",
            ProtobufEnvelope.Decode(Envelope("v1", "Event", message)).ToJsonString());
    }

    [Fact]
    public void Passes_over_fields_it_does_not_know()
    {
        // Field 99: a varint, eight fixed bytes, four fixed bytes and a length-delimited one.
        byte[] message = [0x98, 0x06, 0x05, 0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0x9d, 0x06, 1, 2, 3, 4, 0x9a, 0x06, 0x01, 0x00];
        Assert.Equal("""{"kind":"ConfigMap","apiVersion":"v1"}""", ProtobufEnvelope.Decode(Envelope("v1", "ConfigMap", message)).ToJsonString());
    }

    [Fact]
    public void A_kind_without_a_table_is_an_unsupported_media_type() =>
        Assert.Equal(415, Assert.Throws<ApiException>(() => ProtobufEnvelope.Decode(Envelope("apps/v1", "Deployment", []))).Code);

    [Fact]
    public void Truncation_at_every_length_is_an_answer_and_not_a_crash()
    {
        var metadata = new ProtobufWriter().Text(1, "x").Message(8, new ProtobufWriter()).Message(11, new ProtobufWriter().Text(1, "a").Text(2, "b"));
        var whole = Envelope("v1", "Secret", new ProtobufWriter().Message(1, metadata).Message(2, new ProtobufWriter().Text(1, "p").Text(2, "w")));
        for (var length = 0; length < whole.Length; length++)
        {
            try
            {
                ProtobufEnvelope.Decode(whole.AsSpan(0, length));
            }
            catch (ApiException ex)
            {
                Assert.InRange(ex.Code, 400, 415);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20_261_121)]
    public void Mutations_are_an_answer_and_not_a_crash(int seed)
    {
        var random = new Random(seed);
        var metadata = new ProtobufWriter().Text(1, "x").Message(9, new ProtobufWriter()).Message(13, new ProtobufWriter().Text(4, "u")).Text(14, "f");
        var whole = Envelope("v1", "Event", new ProtobufWriter().Message(1, metadata).Text(3, "Started").Message(6, new ProtobufWriter()));
        for (var i = 0; i < 5_000; i++)
        {
            var mutated = whole.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
                mutated[random.Next(4, mutated.Length)] = (byte)random.Next(256);
            try
            {
                ProtobufEnvelope.Decode(mutated);
            }
            catch (ApiException)
            {
                // Any refusal is fine; any other exception fails the test.
            }
        }
    }

    private static byte[] Envelope(string apiVersion, string kind, ProtobufWriter message) => Envelope(apiVersion, kind, message.Written.ToArray());

    private static byte[] Envelope(string apiVersion, string kind, byte[] message)
    {
        var unknown = new List<byte>(new ProtobufWriter().Message(1, new ProtobufWriter().Text(1, apiVersion).Text(2, kind)).Written.ToArray());
        unknown.AddRange([0x12, (byte)message.Length, .. message]);
        Assert.True(message.Length < 128);
        return [.. Encoding.ASCII.GetBytes("k8s\0"), .. unknown];
    }
}
