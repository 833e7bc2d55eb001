using System.Collections;

namespace Skep.Aws.Protocol;

/// <summary>Writes answers and errors of both protocols from the tables.</summary>
internal static class ResponseWriter
{
    /// <summary>Time stamps are written with milliseconds, always UTC.</summary>
    public const string TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Room for an envelope without its inside.</summary>
    private const int EnvelopeLengthMax = 512;

    /// <summary>What is inside the answer's envelope; null for an operation without output.</summary>
    public static XmlBuffer Body(OperationModel operation, Structure? output)
    {
        var xml = new XmlBuffer();
        if (output is not null)
            Members(xml, output);
        else if (operation.Output is null)
            xml.Element("return", "true");
        return xml;
    }

    /// <summary>An answer around its inside.</summary>
    public static XmlBuffer Envelope(ServiceModel service, OperationModel operation, string requestId, ReadOnlySpan<byte> body)
    {
        var xml = new XmlBuffer(body.Length + EnvelopeLengthMax);
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);
        var root = operation.Name + "Response";
        xml.Open(root, service.XmlNamespace);
        if (service.Protocol is WireProtocol.Ec2)
        {
            xml.Element("requestId", requestId);
            xml.Raw(body);
        }
        else
        {
            if (operation.Output is not null)
            {
                var wrapper = operation.ResultWrapper.Length > 0 ? operation.ResultWrapper : operation.Name + "Result";
                xml.Open(wrapper);
                xml.Raw(body);
                xml.Close(wrapper);
            }

            xml.Open("ResponseMetadata");
            xml.Element("RequestId", requestId);
            xml.Close("ResponseMetadata");
        }

        xml.Close(root);
        return xml;
    }

    /// <summary>An error in the form of a service's protocol.</summary>
    public static XmlBuffer Error(ServiceModel service, AwsException error, string requestId)
    {
        var xml = new XmlBuffer();
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);
        if (service.Protocol is WireProtocol.Ec2)
        {
            xml.Open("Response");
            xml.Open("Errors");
            xml.Open("Error");
            xml.Element("Code", error.Code);
            xml.Element("Message", error.Message);
            xml.Close("Error");
            xml.Close("Errors");
            xml.Element("RequestID", requestId);
            xml.Close("Response");
            return xml;
        }

        xml.Open("ErrorResponse", service.XmlNamespace);
        xml.Open("Error");
        xml.Element("Type", error.Status < 500 ? "Sender" : "Receiver");
        xml.Element("Code", error.Code);
        xml.Element("Message", error.Message);
        xml.Close("Error");
        xml.Element("RequestId", requestId);
        xml.Close("ErrorResponse");
        return xml;
    }

    /// <summary>Writes the members of a structure that are present.</summary>
    public static void Members(XmlBuffer xml, Structure value)
    {
        if (value.Written is { } written)
        {
            xml.Raw(written);
            return;
        }

        foreach (var member in value.Shape.Members)
        {
            if (value.Slots[member.Slot] is { } content)
                Value(xml, member.NameOutUtf8, member.Shape, content);
        }
    }

    private static void Value(XmlBuffer xml, ReadOnlySpan<byte> name, Shape shape, object value)
    {
        if (shape.Type is ShapeType.List)
        {
            List(xml, name, shape, (IList)value);
            return;
        }

        xml.Open(name);
        switch (value)
        {
            case Structure structure:
                Members(xml, structure);
                break;
            case string text:
                xml.Text(text);
                break;
            case bool flag:
                xml.Raw(flag ? "true"u8 : "false"u8);
                break;
            case int number:
                xml.Format(number, default);
                break;
            case long number:
                xml.Format(number, default);
                break;
            case double number:
                xml.Format(number, default);
                break;
            case DateTimeOffset time:
                xml.Format(time.ToUniversalTime(), TimestampFormat);
                break;
            case byte[] bytes:
                xml.Text(Convert.ToBase64String(bytes));
                break;
            default:
                throw new InvalidOperationException($"{shape.Name} holds a {value.GetType()}");
        }

        xml.Close(name);
    }

    private static void List(XmlBuffer xml, ReadOnlySpan<byte> name, Shape shape, IList items)
    {
        if (shape.IsFlattened)
        {
            foreach (var item in items)
                Value(xml, name, shape.Element!, item!);
            return;
        }

        if (items.Count == 0)
        {
            xml.Empty(name);
            return;
        }

        xml.Open(name);
        foreach (var item in items)
            Value(xml, shape.ElementNameUtf8, shape.Element!, item!);
        xml.Close(name);
    }
}
