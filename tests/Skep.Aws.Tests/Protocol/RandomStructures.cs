using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

/// <summary>Random values that a shape allows.</summary>
internal sealed class RandomStructures(Random random)
{
    private const int DepthMax = 6;

    public Structure Next(Shape shape) => Next(shape, 0);

    private Structure Next(Shape shape, int depth)
    {
        var result = shape.Service.NewStructure(shape.Index);
        foreach (var member in shape.Members)
        {
            if (!member.IsRequired && (depth >= DepthMax || random.Next(3) == 0))
                continue;
            result.Slots[member.Slot] = Value(member.Shape, IdSyntax.For("", member.NameIn), depth + 1);
        }

        return result;
    }

    private object? Value(Shape shape, IdSyntax? id, int depth)
    {
        switch (shape.Type)
        {
            case ShapeType.Structure:
                // Nothing at all cannot be told from absence on the wire.
                for (var attempt = 0; attempt < 20; attempt++)
                {
                    var structure = Next(shape, depth);
                    if (structure.Slots.Any(s => s is not null))
                        return structure;
                }

                return null;
            case ShapeType.List:
                var list = shape.Service.NewList(shape.Index);
                for (var i = Math.Max(1, (int)(shape.Min ?? 0)); i > 0; i--)
                {
                    if (Value(shape.Element!, id, depth) is { } item)
                        list.Add(item);
                }

                return list.Count > 0 ? list : null;
            case ShapeType.String:
                return id is not null ? id.Prefix + "-0123456789abcdef0" : shape.Values is { } values ? values.ElementAt(random.Next(values.Count)) : Text(shape);
            case ShapeType.Integer:
                return (int)Number(shape);
            case ShapeType.Long:
                return (long)Number(shape);
            case ShapeType.Double:
                return Math.Round(Number(shape), 3);
            case ShapeType.Boolean:
                return random.Next(2) == 0;
            case ShapeType.Timestamp:
                return DateTimeOffset.UnixEpoch.AddMilliseconds(random.NextInt64(0, 4_000_000_000_000));
            default:
                var bytes = new byte[random.Next(20)];
                random.NextBytes(bytes);
                return bytes;
        }
    }

    private double Number(Shape shape)
    {
        var min = (long)(shape.Min ?? -1_000);
        return random.NextInt64(min, Math.Max(min, (long)(shape.Max ?? 1_000_000)) + 1);
    }

    private string Text(Shape shape)
    {
        if (shape.Pattern is not null)
            return "123456789012"; // account ids are the only pattern among the served operations
        const string alphabet = "abcXYZ019 -_.:/+=&?%#<>\"'äß€漢😀";
        var runes = alphabet.EnumerateRunes().ToArray();
        var length = Math.Max((int)(shape.Min ?? 0), 1) + random.Next(12);
        var text = string.Concat(Enumerable.Range(0, length).Select(_ => runes[random.Next(runes.Length)].ToString()));
        return shape.Max is { } max && text.Length > max ? new string('a', (int)max) : text;
    }
}
