using System.Globalization;
using System.Text.Json;

namespace Skep.Core.Identity.PostForms;

/// <summary>A condition on one field: that it equals a value, or begins with it.</summary>
/// <param name="Field">The field's name, without the dollar sign; case does not matter.</param>
/// <param name="Value">The value.</param>
/// <param name="IsPrefix">Whether it is starts-with.</param>
internal sealed record PostPolicyCondition(string Field, string Value, bool IsPrefix)
{
    private const int LengthRangeItems = 3;

    /// <summary>As S3 writes it in an error.</summary>
    public string Text => $"[\"{(IsPrefix ? "starts-with" : "eq")}\", \"${Field}\", \"{Value}\"]";

    /// <summary>Whether a field's value is right; null when the form does not have it.</summary>
    public bool IsMetBy(string? value)
    {
        // A prefix of nothing allows anything, and so nothing.
        if (value is null)
            return IsPrefix && Value.Length == 0;
        // A dollar sign in a value may be written with a backslash before it.
        return Matches(value, Value) || (Value.Contains("\\$", StringComparison.Ordinal) && Matches(value, Value.Replace("\\$", "$", StringComparison.Ordinal)));
    }

    /// <summary>Reads <c>{"field": "value"}</c>.</summary>
    public static IEnumerable<PostPolicyCondition> ReadEqualities(JsonElement element)
    {
        var found = false;
        foreach (var property in element.EnumerateObject())
        {
            found = true;
            yield return property.Value.ValueKind is JsonValueKind.String
                ? new PostPolicyCondition(property.Name, property.Value.GetString()!, IsPrefix: false)
                : throw PostPolicy.Invalid($"the condition on '{property.Name}' must be a string");
        }

        if (!found)
            throw PostPolicy.Invalid("a condition is empty");
    }

    /// <summary>Reads <c>["content-length-range", min, max]</c>; false when it is another condition.</summary>
    public static bool TryReadLengthRange(JsonElement element, out (long Min, long Max) range)
    {
        range = default;
        if (!IsNamed(element, "content-length-range"))
            return false;
        if (element.GetArrayLength() != LengthRangeItems || Number(element[1]) is not { } min || Number(element[2]) is not { } max || min > max)
            throw PostPolicy.Invalid("content-length-range must have two numbers of bytes, the smaller one first");
        range = (min, max);
        return true;
    }

    /// <summary>Reads <c>["eq" or "starts-with", "$field", "value"]</c>.</summary>
    public static PostPolicyCondition Read(JsonElement element)
    {
        var isPrefix = IsNamed(element, "starts-with");
        if ((!isPrefix && !IsNamed(element, "eq"))
            || element.GetArrayLength() != 3
            || element[1].ValueKind is not JsonValueKind.String
            || element[2].ValueKind is not JsonValueKind.String)
            throw PostPolicy.Invalid("a condition must be {\"field\": \"value\"}, [\"eq\" or \"starts-with\", \"$field\", \"value\"] or a content-length-range");
        var field = element[1].GetString()!;
        field = field.StartsWith('\\') ? field[1..] : field;
        return field.StartsWith('$') && field.Length > 1
            ? new PostPolicyCondition(field[1..], element[2].GetString()!, isPrefix)
            : throw PostPolicy.Invalid($"a condition's field must begin with a dollar sign, not '{field}'");
    }

    private bool Matches(string value, string wanted)
    {
        if (!IsPrefix)
            return value == wanted;
        // A Content-Type may be a list, of which each must begin so.
        return Field.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) && wanted.Length > 0
            ? value.Split(',', StringSplitOptions.TrimEntries).All(v => v.StartsWith(wanted, StringComparison.Ordinal))
            : value.StartsWith(wanted, StringComparison.Ordinal);
    }

    private static bool IsNamed(JsonElement element, string name) =>
        element.ValueKind is JsonValueKind.Array
        && element.GetArrayLength() > 0
        && element[0].ValueKind is JsonValueKind.String
        && name.Equals(element[0].GetString(), StringComparison.OrdinalIgnoreCase);

    /// <summary>A number of bytes, which some clients write as a string.</summary>
    private static long? Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetInt64(out var number) && number >= 0 => number,
        JsonValueKind.String when long.TryParse(element.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
