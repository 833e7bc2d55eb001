using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Skep.Aws.Protocol;

/// <summary>
/// Turns a tree of parameters into a request by the service's table, and refuses what the model does not allow:
/// unknown names, missing members, values outside an enum, range or pattern, and ids of the wrong form.
/// </summary>
internal sealed class RequestBinder(ServiceModel service)
{
    /// <summary>Elements any list may have, whatever the model says.</summary>
    public const int ListLengthMax = 1_000;

    private static readonly TimeSpan _patternTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly ConcurrentDictionary<string, Regex> _patterns = new(StringComparer.Ordinal);

    /// <summary>Names at the top that belong to the protocol, not to the operation.</summary>
    private static bool IsEnvelope(string name) =>
        name is "Action" or "Version" || name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Binds a whole request.</summary>
    /// <exception cref="AwsException">UnknownParameter, MissingParameter, InvalidParameterValue, …Malformed; ValidationError in the query protocol.</exception>
    public Structure Bind(Shape input, FormNode root) => BindStructure(input, root, "");

    private Structure BindStructure(Shape shape, FormNode node, string path)
    {
        if (node.Value is { Length: > 0 } value && path.Length > 0)
            throw Invalid(path, value, "a structure is expected");
        var result = service.NewStructure(shape.Index);
        foreach (var (name, child) in node.Children ?? [])
        {
            if (path.Length == 0 && IsEnvelope(name))
                continue;
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            var member = shape.FindIn(name) ?? throw Unknown(childPath);
            result.Slots[member.Slot] = BindValue(member.Shape, child, childPath, IdSyntax.For(path, member.NameIn));
        }

        foreach (var member in shape.Members)
        {
            if (member.IsRequired && result.Slots[member.Slot] is null)
                throw Missing(path.Length == 0 ? member.NameIn : $"{path}.{member.NameIn}");
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
            throw Invalid(path, value, "a list is expected: write " + path + ".1, " + path + ".2 …");
        var items = node.Children;
        // Name.member.N; some old clients leave "member" out even where the model has it.
        if (service.Protocol is WireProtocol.Query && !shape.IsFlattened && items is { Count: 1 }
            && items.TryGetValue(shape.ElementName, out var wrapped))
            items = wrapped.Children;
        if (items is null)
            return result;
        if (items.Count > ListLengthMax || items.Count > shape.Max)
            throw InvalidList(path, $"it has {items.Count} elements; at most {Math.Min(ListLengthMax, shape.Max ?? ListLengthMax)} are allowed");
        var sorted = new SortedList<int, FormNode>(items.Count);
        foreach (var (name, item) in items)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || !sorted.TryAdd(index, item))
                throw Unknown($"{path}.{name}");
        }

        if (sorted.Count < shape.Min)
            throw InvalidList(path, $"it has {sorted.Count} elements; at least {shape.Min} are needed");
        foreach (var (index, item) in sorted)
            result.Add(BindValue(shape.Element!, item, $"{path}.{index}", id));
        return result;
    }

    private object BindScalar(Shape shape, FormNode node, string path, IdSyntax? id)
    {
        if (node.Children is { Count: > 0 } children)
            throw Unknown($"{path}.{children.Keys.First()}");
        var text = node.Value ?? "";
        switch (shape.Type)
        {
            case ShapeType.Boolean:
                return bool.TryParse(text, out var flag) ? flag : throw Invalid(path, text, "true or false is expected");
            case ShapeType.Integer:
                return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? InRange(number, shape, path) : throw Invalid(path, text, "an integer is expected");
            case ShapeType.Long:
                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wide)
                    ? InRange(wide, shape, path) : throw Invalid(path, text, "an integer is expected");
            case ShapeType.Double:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
                    ? InRange(real, shape, path) : throw Invalid(path, text, "a number is expected");
            case ShapeType.Timestamp:
                return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                    ? time : throw Invalid(path, text, "a time such as 2026-01-02T03:04:05Z is expected");
            case ShapeType.Blob:
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw Invalid(path, Shorten(text), "base64 is expected");
            default:
                return Text(shape, text, path, id);
        }
    }

    private string Text(Shape shape, string text, string path, IdSyntax? id)
    {
        if (!IsXmlText(text))
            throw Invalid(path, "…", "it contains control characters");
        if (id is not null)
            id.Check(text);
        if (shape.Values is { } values && !values.Contains(text))
            throw Invalid(path, Shorten(text), $"valid values are {string.Join(", ", values.Order(StringComparer.Ordinal))}");
        if (text.Length < shape.Min || text.Length > shape.Max)
            throw Invalid(path, Shorten(text), $"its length must be {shape.Min ?? 0} to {shape.Max?.ToString(CultureInfo.InvariantCulture) ?? "any"} characters");
        if (shape.Pattern is { } pattern && !Pattern(pattern).IsMatch(text))
            throw Invalid(path, Shorten(text), $"it must match {pattern}");
        return text;
    }

    /// <summary>Answers are XML 1.0, which has no way to write most control characters (section 2.2).</summary>
    private static bool IsXmlText(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' and not ('\t' or '\n' or '\r') or '\ufffe' or '\uffff')
                return false;
        }

        return true;
    }

    private static Regex Pattern(string pattern) =>
        _patterns.GetOrAdd(pattern, static p => new Regex($"^(?:{p})\\z", RegexOptions.CultureInvariant, _patternTimeout));

    private T InRange<T>(T value, Shape shape, string path)
        where T : IConvertible
    {
        var number = value.ToDouble(CultureInfo.InvariantCulture);
        if (number < shape.Min || number > shape.Max)
            throw Invalid(path, value.ToString(CultureInfo.InvariantCulture), $"the value must be between {shape.Min} and {shape.Max}");
        return value;
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private bool IsEc2 => service.Protocol is WireProtocol.Ec2;

    private AwsException Unknown(string path) =>
        new(IsEc2 ? "UnknownParameter" : "ValidationError", 400, $"The parameter {path} is not recognized");

    private AwsException Missing(string path) =>
        new(IsEc2 ? "MissingParameter" : "ValidationError", 400, $"The request must contain the parameter {path}");

    private AwsException Invalid(string path, string value, string expected) =>
        new(IsEc2 ? "InvalidParameterValue" : "ValidationError", 400, $"Value ({value}) for parameter {path} is invalid: {expected}.");

    private AwsException InvalidList(string path, string why) =>
        new(IsEc2 ? "InvalidParameterValue" : "ValidationError", 400, $"The list {path} is invalid: {why}.");
}
