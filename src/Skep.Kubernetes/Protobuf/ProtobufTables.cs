using static Skep.Kubernetes.Protobuf.ProtobufType;

namespace Skep.Kubernetes.Protobuf;

/// <summary>
/// Field numbers of the messages that clients send as protobuf and this server serves: kubernetes/api's and
/// apimachinery's generated.proto, with the JSON names and pointers of the Go types.
/// </summary>
internal static class ProtobufTables
{
    private static readonly ProtobufMessage _ownerReference = new(
        new(1, "kind", Text), new(3, "name", Text), new(4, "uid", Text), new(5, "apiVersion", Text),
        new(6, "controller", Flag, IsPointer: true), new(7, "blockOwnerDeletion", Flag, IsPointer: true));

    private static readonly ProtobufMessage _managedFields = new(
        new(1, "manager", Text), new(2, "operation", Text), new(3, "apiVersion", Text), new(4, "time", Time),
        new(6, "fieldsType", Text), new(7, "fieldsV1", Json), new(8, "subresource", Text));

    private static readonly ProtobufField _metadata = new(1, "metadata", Message, Message: new(
        new(1, "name", Text), new(2, "generateName", Text), new(3, "namespace", Text), new(4, "selfLink", Text),
        new(5, "uid", Text), new(6, "resourceVersion", Text), new(7, "generation", Integer),
        new(8, "creationTimestamp", Time), new(9, "deletionTimestamp", Time),
        new(10, "deletionGracePeriodSeconds", Integer, IsPointer: true),
        new(11, "labels", TextMap), new(12, "annotations", TextMap),
        new(13, "ownerReferences", Message, IsRepeated: true, Message: _ownerReference),
        new(14, "finalizers", Text, IsRepeated: true),
        new(17, "managedFields", Message, IsRepeated: true, Message: _managedFields)));

    private static readonly ProtobufMessage _objectReference = new(
        new(1, "kind", Text), new(2, "namespace", Text), new(3, "name", Text), new(4, "uid", Text),
        new(5, "apiVersion", Text), new(6, "resourceVersion", Text), new(7, "fieldPath", Text));

    private static readonly ProtobufMessage _condition = new(
        new(1, "type", Text), new(2, "status", Text), new(4, "lastTransitionTime", Time), new(5, "reason", Text), new(6, "message", Text));

    private static readonly Dictionary<string, ProtobufMessage> _messages = new()
    {
        ["Namespace"] = new(
            _metadata,
            new(2, "spec", Message, Message: new(new ProtobufField(1, "finalizers", Text, IsRepeated: true))),
            new(3, "status", Message, Message: new(new(1, "phase", Text), new(2, "conditions", Message, IsRepeated: true, Message: _condition)))),
        ["Secret"] = new(
            _metadata, new(2, "data", BytesMap), new(3, "type", Text), new(4, "stringData", TextMap), new(5, "immutable", Flag, IsPointer: true)),
        ["ConfigMap"] = new(
            _metadata, new(2, "data", TextMap), new(3, "binaryData", BytesMap), new(4, "immutable", Flag, IsPointer: true)),
        ["Event"] = new(
            _metadata,
            new(2, "involvedObject", Message, Message: _objectReference), new(3, "reason", Text), new(4, "message", Text),
            new(5, "source", Message, Message: new(new(1, "component", Text), new(2, "host", Text))),
            new(6, "firstTimestamp", Time), new(7, "lastTimestamp", Time), new(8, "count", Integer), new(9, "type", Text),
            new(10, "eventTime", MicroTime),
            new(11, "series", Message, IsPointer: true, Message: new(new(1, "count", Integer), new(2, "lastObservedTime", MicroTime))),
            new(12, "action", Text), new(13, "related", Message, IsPointer: true, Message: _objectReference),
            new(14, "reportingComponent", Text), new(15, "reportingInstance", Text)),
        ["DeleteOptions"] = new(
            new(1, "gracePeriodSeconds", Integer, IsPointer: true),
            new(2, "preconditions", Message, IsPointer: true, Message: new(
                new(1, "uid", Text, IsPointer: true), new(2, "resourceVersion", Text, IsPointer: true))),
            new(3, "orphanDependents", Flag, IsPointer: true), new(4, "propagationPolicy", Text, IsPointer: true),
            new(5, "dryRun", Text, IsRepeated: true)),
        ["SelfSubjectAccessReview"] = new(
            _metadata,
            new(2, "spec", Message, Message: new(
                new(1, "resourceAttributes", Message, IsPointer: true, Message: new(
                    new(1, "namespace", Text), new(2, "verb", Text), new(3, "group", Text), new(4, "version", Text),
                    new(5, "resource", Text), new(6, "subresource", Text), new(7, "name", Text))),
                new(2, "nonResourceAttributes", Message, IsPointer: true, Message: new(new(1, "path", Text), new(2, "verb", Text)))))),
        ["SelfSubjectRulesReview"] = new(_metadata, new(2, "spec", Message, Message: new(new ProtobufField(1, "namespace", Text)))),
        ["SelfSubjectReview"] = new(_metadata),
    };

    /// <summary>The table of a kind, or null. Kinds are unique by name among those served.</summary>
    public static ProtobufMessage? Find(string kind) => _messages.GetValueOrDefault(kind);
}
