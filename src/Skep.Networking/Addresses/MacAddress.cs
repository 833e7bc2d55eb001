using System.Globalization;
using Skep.Core.Resources;

namespace Skep.Networking.Addresses;

/// <summary>A unicast Ethernet address.</summary>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Bytes of an address.</summary>
    public const int Length = 6;

    /// <summary>First byte of those that are given out: locally administered, unicast, and one that AWS uses.</summary>
    private const ulong FirstByte = 0x0a;

    /// <summary>A new random address.</summary>
    public static MacAddress New(IIdSource ids)
    {
        Span<byte> bytes = stackalloc byte[Length - 1];
        ids.Fill(bytes);
        var value = FirstByte;
        foreach (var b in bytes)
            value = (value << 8) | b;
        return new MacAddress(value);
    }

    /// <summary>Reads "0a:1b:2c:3d:4e:5f" in lower case; refuses multicast addresses and all zeros.</summary>
    public static bool TryParse(string? text, out MacAddress address)
    {
        address = default;
        if (text is not { Length: 17 } || text.AsSpan().ContainsAnyInRange('A', 'Z'))
            return false;
        ulong value = 0;
        for (var i = 0; i < Length; i++)
        {
            if (i > 0 && text[(i * 3) - 1] != ':')
                return false;
            if (!byte.TryParse(text.AsSpan(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
                return false;
            value = (value << 8) | b;
        }

        address = new MacAddress(value);
        return value != 0 && (value >> 40 & 1) == 0;
    }

    /// <summary>The address of six bytes.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (var b in bytes[..Length])
            value = (value << 8) | b;
        return new MacAddress(value);
    }

    /// <summary>Writes six bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        for (var i = 0; i < Length; i++)
            bytes[i] = (byte)(Value >> (8 * (Length - 1 - i)));
    }

    /// <summary>Lower-case, with colons.</summary>
    public override string ToString() =>
        string.Create(17, Value, static (chars, value) =>
        {
            for (var i = 0; i < Length; i++)
            {
                ((byte)(value >> (8 * (Length - 1 - i)))).TryFormat(chars[(i * 3)..], out _, "x2", CultureInfo.InvariantCulture);
                if (i > 0)
                    chars[(i * 3) - 1] = ':';
            }
        });
}
