using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Skep.Core.Identity;

namespace Skep.Aws.Protocol.Rest;

/// <summary>
/// Turns a request of the restJson1 protocol into a request by the service's table, and refuses what the model does not
/// allow. Members are labels of the path, query parameters, headers, members of a JSON body, or the body itself.
/// </summary>
internal sealed class RestJsonBinder(ServiceModel service)
{
    private const int DepthMax = 32;

    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly BindingErrors _errors = new(service.Protocol);
    private readonly ScalarValues _values = new(service.Protocol);

    /// <summary>Binds a whole request.</summary>
    /// <exception cref="AwsException">ValidationException, SerializationException.</exception>
    public Structure Bind(OperationModel operation, Dictionary<string, string> labels, RestRequest request)
    {
        var shape = operation.Input!;
        var result = service.NewStructure(shape.Index);
        BindQuery(shape, request.Query, result);
        foreach (var member in shape.Members)
        {
            var text = member.Location switch
            {
                MemberLocation.Path => labels.GetValueOrDefault(member.NameIn),
                MemberLocation.Header => request.Header(member.NameIn),
                _ => null,
            };
            if (text is not null)
                result.Slots[member.Slot] = _values.Parse(member.Shape, text, member.Name, id: null);
        }

        if (shape.Members.FirstOrDefault(m => m.Location is MemberLocation.Payload) is { } payload)
            result.Slots[payload.Slot] = new Payload(request.Body, owner: null);
        else
            BindBody(shape, request.Body, result);
        RequireMembers(shape, result, "");
        return result;
    }

    private void BindQuery(Shape shape, string query, Structure result)
    {
        foreach (var (nameBytes, valueBytes) in SigV4.Parameters(query))
        {
            var (name, value) = (Text(nameBytes), Text(valueBytes));
            if (name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase))
                continue; // a signature in the query
            var member = shape.FindIn(name) is { Location: MemberLocation.Query } found ? found : throw _errors.Unknown(name);
            if (result.Slots[member.Slot] is not null)
                throw _errors.Invalid(member.Name, value, "it is given twice");
            result.Slots[member.Slot] = _values.Parse(member.Shape, value, member.Name, id: null);
        }
    }

    private void BindBody(Shape shape, ReadOnlyMemory<byte> body, Structure result)
    {
        if (body.IsEmpty)
            return;
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = DepthMax });
            BindMembers(shape, document.RootElement, "", result);
        }
        catch (JsonException ex)
        {
            throw new AwsException("SerializationException", 400, $"The request's body is not the JSON that is expected: {ex.Message}");
        }
    }

    private Structure BindStructure(Shape shape, JsonElement element, string path)
    {
        var result = service.NewStructure(shape.Index);
        BindMembers(shape, element, path, result);
        RequireMembers(shape, result, path);
        return result;
    }

    private void BindMembers(Shape shape, JsonElement element, string path, Structure result)
    {
        if (element.ValueKind is not JsonValueKind.Object)
            throw _errors.Invalid(path.Length == 0 ? "body" : path, element.ValueKind.ToString(), "an object is expected");
        foreach (var property in element.EnumerateObject())
        {
            var childPath = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            var member = shape.FindIn(property.Name) is { Location: MemberLocation.Body } found ? found : throw _errors.Unknown(childPath);
            if (property.Value.ValueKind is not JsonValueKind.Null)
                result.Slots[member.Slot] = BindValue(member.Shape, property.Value, childPath);
        }
    }

    private object BindValue(Shape shape, JsonElement element, string path) => shape.Type switch
    {
        ShapeType.Structure => BindStructure(shape, element, path),
        ShapeType.List => BindList(shape, element, path),
        _ => BindScalar(shape, element, path),
    };

    private IList BindList(Shape shape, JsonElement element, string path)
    {
        if (element.ValueKind is not JsonValueKind.Array)
            throw _errors.Invalid(path, element.ValueKind.ToString(), "a list is expected");
        var count = element.GetArrayLength();
        if (count > RequestBinder.ListLengthMax || count > shape.Max || count < shape.Min)
            throw _errors.InvalidList(path, $"it has {count} elements; {shape.Min ?? 0} to {Math.Min(RequestBinder.ListLengthMax, shape.Max ?? RequestBinder.ListLengthMax)} are allowed");
        var result = service.NewList(shape.Index);
        var index = 0;
        foreach (var item in element.EnumerateArray())
            result.Add(BindValue(shape.Element!, item, $"{path}[{index++}]"));
        return result;
    }

    private object BindScalar(Shape shape, JsonElement element, string path)
    {
        // In bodies, times are seconds since 1970 (restJson1's default).
        if (shape.Type is ShapeType.Timestamp && element.ValueKind is JsonValueKind.Number && element.TryGetDouble(out var seconds) && Math.Abs(seconds) < 1e11)
            return DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        var fits = (shape.Type, element.ValueKind) switch
        {
            (ShapeType.Boolean, JsonValueKind.True or JsonValueKind.False) => true,
            (ShapeType.Integer or ShapeType.Long or ShapeType.Double, JsonValueKind.Number) => true,
            (ShapeType.String or ShapeType.Blob or ShapeType.Timestamp, JsonValueKind.String) => true,
            _ => false,
        };
        if (!fits)
            throw _errors.Invalid(path, element.ValueKind.ToString(), $"a {shape.Type.ToString().ToLower(CultureInfo.InvariantCulture)} is expected");
        return _values.Parse(shape, element.ValueKind is JsonValueKind.String ? element.GetString()! : element.GetRawText(), path, id: null);
    }

    private void RequireMembers(Shape shape, Structure value, string path)
    {
        foreach (var member in shape.Members)
        {
            if (member.IsRequired && value.Slots[member.Slot] is null)
                throw _errors.Missing(path.Length == 0 ? member.Name : $"{path}.{member.Name}");
        }
    }

    private string Text(byte[] bytes)
    {
        try
        {
            return _strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw _errors.Invalid("query", "…", "it is not valid UTF-8");
        }
    }
}
