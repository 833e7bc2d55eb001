using System.Collections;
using System.Globalization;
using System.Text;
using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

/// <summary>What a client does: turns a request into a form by the tables.</summary>
internal static class FormWriter
{
    public static string Write(Structure request)
    {
        var form = new StringBuilder("Action=X");
        Members(form, "", request);
        return form.ToString();
    }

    private static void Members(StringBuilder form, string prefix, Structure value)
    {
        foreach (var member in value.Shape.Members)
        {
            if (value.Slots[member.Slot] is { } content)
                Value(form, prefix.Length == 0 ? member.NameIn : $"{prefix}.{member.NameIn}", member.Shape, content);
        }
    }

    private static void Value(StringBuilder form, string name, Shape shape, object value)
    {
        switch (value)
        {
            case Structure structure:
                Members(form, name, structure);
                break;
            case IList list when shape.Type is ShapeType.List:
                var element = shape.Service.Protocol is WireProtocol.Ec2 || shape.IsFlattened ? name : $"{name}.{shape.ElementName}";
                for (var i = 0; i < list.Count; i++)
                    Value(form, $"{element}.{i + 1}", shape.Element!, list[i]!);
                break;
            default:
                form.Append('&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(Text(value)));
                break;
        }
    }

    private static string Text(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        byte[] bytes => Convert.ToBase64String(bytes),
        DateTimeOffset time => time.UtcDateTime.ToString(ResponseWriter.TimestampFormat, CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => (string)value,
    };
}
