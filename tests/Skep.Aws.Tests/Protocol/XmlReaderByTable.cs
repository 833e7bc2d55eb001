using System.Globalization;
using System.Xml.Linq;
using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

/// <summary>What a client does with an answer: reads the XML by the tables.</summary>
internal static class XmlReaderByTable
{
    public static Structure Read(Shape shape, XElement element)
    {
        var result = shape.Service.NewStructure(shape.Index);
        foreach (var member in shape.Members)
        {
            var found = element.Elements().Where(e => e.Name.LocalName == member.NameOut).ToList();
            if (found.Count > 0)
                result.Slots[member.Slot] = Value(member.Shape, found);
        }

        return result;
    }

    private static object Value(Shape shape, List<XElement> elements)
    {
        var element = elements[0];
        if (shape.Type is ShapeType.List)
        {
            var list = shape.Service.NewList(shape.Index);
            foreach (var item in shape.IsFlattened ? elements : element.Elements().Where(e => e.Name.LocalName == shape.ElementName))
                list.Add(Value(shape.Element!, [item]));
            return list;
        }

        return shape.Type switch
        {
            ShapeType.Structure => Read(shape, element),
            ShapeType.Integer => int.Parse(element.Value, CultureInfo.InvariantCulture),
            ShapeType.Long => long.Parse(element.Value, CultureInfo.InvariantCulture),
            ShapeType.Double => double.Parse(element.Value, CultureInfo.InvariantCulture),
            ShapeType.Boolean => bool.Parse(element.Value),
            ShapeType.Timestamp => DateTimeOffset.Parse(element.Value, CultureInfo.InvariantCulture),
            ShapeType.Blob => Convert.FromBase64String(element.Value),
            _ => element.Value,
        };
    }
}
