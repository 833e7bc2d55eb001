namespace Skep.Kubernetes.Protobuf;

/// <summary>How a field becomes JSON.</summary>
internal enum ProtobufType
{
    Text,
    Bytes,
    Integer,
    Flag,
    Message,

    /// <summary>metav1.Time {1 seconds, 2 nanos} as RFC 3339.</summary>
    Time,

    /// <summary>metav1.MicroTime, with six digits of fraction.</summary>
    MicroTime,

    /// <summary>metav1.FieldsV1 {1 raw}: embedded JSON.</summary>
    Json,

    /// <summary>map&lt;string, string&gt;.</summary>
    TextMap,

    /// <summary>map&lt;string, bytes&gt;.</summary>
    BytesMap,
}

/// <summary>
/// One field of a message. <paramref name="IsPointer"/>: Go writes it only when set, so a zero is meant; other fields are
/// always on the wire and their zero means absent.
/// </summary>
internal sealed record ProtobufField(int Number, string Name, ProtobufType Type, bool IsPointer = false, bool IsRepeated = false, ProtobufMessage? Message = null);

/// <summary>The fields of a message by number.</summary>
internal sealed class ProtobufMessage(params ProtobufField[] fields)
{
    private readonly Dictionary<int, ProtobufField> _fields = fields.ToDictionary(f => f.Number);

    public ProtobufField? Find(int number) => _fields.GetValueOrDefault(number);
}
