using System.Collections.Frozen;
using System.Text;

namespace Skep.Aws.Protocol;

/// <summary>Types of the service models.</summary>
internal enum ShapeType
{
    Structure,
    List,
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// <summary>One shape of a service model with its constraints. Immutable once the model is loaded.</summary>
internal sealed class Shape
{
    private byte[]? _elementNameUtf8;

    /// <summary>The model the shape belongs to.</summary>
    public required ServiceModel Service { get; init; }

    /// <summary>Position in the model's table.</summary>
    public required int Index { get; init; }
    public required ShapeType Type { get; init; }
    public required string Name { get; init; }

    /// <summary>Least length of a string or list, or least value of a number.</summary>
    public double? Min { get; init; }

    /// <summary>Greatest length of a string or list, or greatest value of a number.</summary>
    public double? Max { get; init; }

    /// <summary>Regular expression that the whole of a string must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>The values of an enum.</summary>
    public FrozenSet<string>? Values { get; init; }

    /// <summary>Members of a structure, in the order of their slots.</summary>
    public IReadOnlyList<Member> Members { get; set; } = [];

    /// <summary>Shape of a list's elements.</summary>
    public Shape? Element { get; set; }

    /// <summary>Name of a list's elements on the wire.</summary>
    public string ElementName { get; init; } = "";

    /// <summary><see cref="ElementName"/> as it is written.</summary>
    public ReadOnlySpan<byte> ElementNameUtf8 => _elementNameUtf8 ??= Encoding.UTF8.GetBytes(ElementName);

    /// <summary>Whether a list's elements carry no element name in requests (query protocol).</summary>
    public bool IsFlattened { get; init; }

    /// <summary>Finds a member by its name in requests.</summary>
    public Member? FindIn(string name)
    {
        // Structures are small: a scan is as quick as a dictionary and needs no memory.
        foreach (var member in Members)
        {
            if (member.NameIn == name)
                return member;
        }

        return null;
    }

    /// <summary>Finds a member by its name in the model.</summary>
    public Member? Find(string name)
    {
        foreach (var member in Members)
        {
            if (member.Name == name)
                return member;
        }

        return null;
    }
}

/// <summary>Where REST protocols carry a member of a request or an answer.</summary>
internal enum MemberLocation
{
    /// <summary>In the document that is the body.</summary>
    Body,

    /// <summary>A label of the path.</summary>
    Path,
    Query,
    Header,

    /// <summary>It is the body.</summary>
    Payload,
}

/// <summary>One member of a structure.</summary>
/// <param name="Name">Name in the model.</param>
/// <param name="NameIn">Name in requests.</param>
/// <param name="NameOut">Name in responses.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Slot">Its position in <see cref="Structure.Slots"/>.</param>
/// <param name="IsRequired">A request without it is refused.</param>
/// <param name="IsIdempotencyToken">SDKs fill it with a random value when the caller gives none.</param>
/// <param name="Location">Where REST protocols carry it.</param>
internal sealed record Member(
    string Name, string NameIn, string NameOut, Shape Shape, int Slot, bool IsRequired, bool IsIdempotencyToken, MemberLocation Location)
{
    /// <summary><see cref="NameOut"/> as it is written; made at first use, for most members are never written.</summary>
    public ReadOnlySpan<byte> NameOutUtf8 => _nameOutUtf8 ??= Encoding.UTF8.GetBytes(NameOut);

    private byte[]? _nameOutUtf8;
}
