using System.Diagnostics.CodeAnalysis;

namespace Skep.Aws.Protocol;

/// <summary>
/// A value of a structure shape: one slot a member, null where absent. Generated classes add typed properties; the
/// codec, the filters and the hashes work on the slots. Not thread-safe.
/// </summary>
internal abstract class Structure(Shape shape)
{
    public Shape Shape { get; } = shape;

    /// <summary>string, int, long, bool, double, DateTimeOffset, byte[], Payload, Structure or a List of these.</summary>
    [SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "storage of the generated properties")]
    public object?[] Slots { get; } = new object?[shape.Members.Count];

    /// <summary>The members as they are on the wire, when they are known already; the slots may then be empty.</summary>
    public byte[]? Written { get; init; }
}
