using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Skep.Aws.Protocol;

/// <summary>Reads single values from their text and refuses what the model does not allow: ranges, enums, patterns, ids of the wrong form.</summary>
internal sealed class ScalarValues(WireProtocol protocol)
{
    private static readonly TimeSpan _patternTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly ConcurrentDictionary<string, Regex> _patterns = new(StringComparer.Ordinal);
    private readonly BindingErrors _errors = new(protocol);

    /// <summary>A value of a shape that is neither structure nor list.</summary>
    /// <exception cref="AwsException">The text does not fit the shape.</exception>
    public object Parse(Shape shape, string text, string path, IdSyntax? id)
    {
        switch (shape.Type)
        {
            case ShapeType.Boolean:
                return bool.TryParse(text, out var flag) ? flag : throw _errors.Invalid(path, text, "true or false is expected");
            case ShapeType.Integer:
                return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? InRange(number, shape, path) : throw _errors.Invalid(path, text, "an integer is expected");
            case ShapeType.Long:
                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wide)
                    ? InRange(wide, shape, path) : throw _errors.Invalid(path, text, "an integer is expected");
            case ShapeType.Double:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
                    ? InRange(real, shape, path) : throw _errors.Invalid(path, text, "a number is expected");
            case ShapeType.Timestamp:
                return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                    ? time : throw _errors.Invalid(path, text, "a time such as 2026-01-02T03:04:05Z is expected");
            case ShapeType.Blob:
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw _errors.Invalid(path, Shorten(text), "base64 is expected");
            default:
                return Text(shape, text, path, id);
        }
    }

    private string Text(Shape shape, string text, string path, IdSyntax? id)
    {
        if (!IsXmlText(text))
            throw _errors.Invalid(path, "…", "it contains control characters");
        if (id is not null)
            id.Check(text);
        if (shape.Values is { } values && !values.Contains(text))
            throw _errors.Invalid(path, Shorten(text), $"valid values are {string.Join(", ", values.Order(StringComparer.Ordinal))}");
        if (text.Length < shape.Min || text.Length > shape.Max)
            throw _errors.Invalid(path, Shorten(text), $"its length must be {shape.Min ?? 0} to {shape.Max?.ToString(CultureInfo.InvariantCulture) ?? "any"} characters");
        if (shape.Pattern is { } pattern && !Pattern(pattern).IsMatch(text))
            throw _errors.Invalid(path, Shorten(text), $"it must match {pattern}");
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
            throw _errors.Invalid(path, value.ToString(CultureInfo.InvariantCulture), $"the value must be between {shape.Min} and {shape.Max}");
        return value;
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
