using System.Text;

namespace Skep.Objects.Embedded;

/// <summary>Reads what <see cref="MetaWriter"/> wrote.</summary>
internal ref struct MetaReader(ReadOnlySpan<byte> bytes)
{
    private const int DigitsMax = 10;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Reads a number.</summary>
    public long Number()
    {
        var value = 0UL;
        for (var digit = 0; digit < DigitsMax && digit < _rest.Length; digit++)
        {
            value |= (ulong)(_rest[digit] & 0x7f) << (7 * digit);
            if ((_rest[digit] & 0x80) == 0)
            {
                _rest = _rest[(digit + 1)..];
                return (long)value;
            }
        }

        throw Damaged();
    }

    /// <summary>Reads bytes.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        var length = Number();
        if (length < 0 || length > _rest.Length)
            throw Damaged();
        var value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return value;
    }

    /// <summary>Reads a text.</summary>
    public string Text() => Encoding.UTF8.GetString(Bytes());

    /// <summary>Reads pairs of texts.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Pairs()
    {
        var count = Number();
        if (count < 0 || count > _rest.Length)
            throw Damaged(); // a pair takes two bytes at least
        if (count == 0)
            return [];
        var pairs = new KeyValuePair<string, string>[count];
        for (var i = 0; i < pairs.Length; i++)
            pairs[i] = new KeyValuePair<string, string>(Text(), Text());
        return pairs;
    }

    private static ObjectException Damaged() => new(ObjectError.Damaged, "the metadata of a version in the database is damaged: it ends early");
}
