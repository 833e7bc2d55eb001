using System.Collections;
using System.Globalization;

namespace Skep.Aws.Protocol;

/// <summary>
/// Turns a tree of parameters into a request by the service's table, and refuses what the model does not allow:
/// unknown names, missing members, values outside an enum, range or pattern, and ids of the wrong form.
/// </summary>
internal sealed class RequestBinder(ServiceModel service)
{
    /// <summary>Elements any list may have, whatever the model says.</summary>
    public const int ListLengthMax = 1_000;

    private readonly BindingErrors _errors = new(service.Protocol);
    private readonly ScalarValues _values = new(service.Protocol);

    /// <summary>Names at the top that belong to the protocol, not to the operation.</summary>
    private static bool IsEnvelope(string name) =>
        name is "Action" or "Version" || name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Binds a whole request.</summary>
    /// <exception cref="AwsException">UnknownParameter, MissingParameter, InvalidParameterValue, …Malformed; ValidationError in the query protocol.</exception>
    public Structure Bind(Shape input, FormNode root) => BindStructure(input, root, "");

    private Structure BindStructure(Shape shape, FormNode node, string path)
    {
        if (node.Value is { Length: > 0 } value && path.Length > 0)
            throw _errors.Invalid(path, value, "a structure is expected");
        var result = service.NewStructure(shape.Index);
        foreach (var (name, child) in node.Children ?? [])
        {
            if (path.Length == 0 && IsEnvelope(name))
                continue;
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            var member = shape.FindIn(name) ?? throw _errors.Unknown(childPath);
            result.Slots[member.Slot] = BindValue(member.Shape, child, childPath, IdSyntax.For(path, member.NameIn));
        }

        foreach (var member in shape.Members)
        {
            if (member.IsRequired && result.Slots[member.Slot] is null)
                throw _errors.Missing(path.Length == 0 ? member.NameIn : $"{path}.{member.NameIn}");
        }

        return result;
    }

    private object BindValue(Shape shape, FormNode node, string path, IdSyntax? id) => shape.Type switch
    {
        ShapeType.Structure => BindStructure(shape, node, path),
        ShapeType.List => BindList(shape, node, path, id),
        _ => BindScalar(shape, node, path, id),
    };

    private IList BindList(Shape shape, FormNode node, string path, IdSyntax? id)
    {
        var result = service.NewList(shape.Index);
        if (node.Value is { Length: > 0 } value)
            throw _errors.Invalid(path, value, "a list is expected: write " + path + ".1, " + path + ".2 …");
        var items = node.Children;
        // Name.member.N; some old clients leave "member" out even where the model has it.
        if (service.Protocol is WireProtocol.Query && !shape.IsFlattened && items is { Count: 1 }
            && items.TryGetValue(shape.ElementName, out var wrapped))
            items = wrapped.Children;
        if (items is null)
            return result;
        if (items.Count > ListLengthMax || items.Count > shape.Max)
            throw _errors.InvalidList(path, $"it has {items.Count} elements; at most {Math.Min(ListLengthMax, shape.Max ?? ListLengthMax)} are allowed");
        var sorted = new SortedList<int, FormNode>(items.Count);
        foreach (var (name, item) in items)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || !sorted.TryAdd(index, item))
                throw _errors.Unknown($"{path}.{name}");
        }

        if (sorted.Count < shape.Min)
            throw _errors.InvalidList(path, $"it has {sorted.Count} elements; at least {shape.Min} are needed");
        foreach (var (index, item) in sorted)
            result.Add(BindValue(shape.Element!, item, $"{path}.{index}", id));
        return result;
    }

    private object BindScalar(Shape shape, FormNode node, string path, IdSyntax? id)
    {
        if (node.Children is { Count: > 0 } children)
            throw _errors.Unknown($"{path}.{children.Keys.First()}");
        var text = node.Value ?? "";
        return _values.Parse(shape, text, path, id);
    }
}
