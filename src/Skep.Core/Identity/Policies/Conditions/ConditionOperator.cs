using System.Collections.Frozen;

namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>
/// A condition operator: how it reads the policy's values, and whether it asks for the opposite (IAM user guide, "IAM JSON
/// policy elements: Condition operators").
/// </summary>
/// <param name="Name">As policies write it.</param>
/// <param name="IsNegated">Whether it holds when no value is so: …NotEquals.</param>
/// <param name="Read">Reads a value of the policy; null when it is none for this operator.</param>
/// <param name="Expected">What a value must be, for errors.</param>
internal sealed record ConditionOperator(string Name, bool IsNegated, Func<string, bool, ConditionValue?> Read, string Expected)
{
    /// <summary>The operator that asks whether a key is there at all.</summary>
    public const string NullName = "Null";

    private static readonly FrozenDictionary<string, ConditionOperator> _all = All().ToFrozenDictionary(o => o.Name, StringComparer.Ordinal);

    /// <summary>Whether its values may hold an address range or be compared for being the same, as IsPublic wants.</summary>
    public bool IsNarrowing => !IsNegated && Name is "StringEquals" or "StringEqualsIgnoreCase" or "StringLike" or "ArnEquals" or "ArnLike" or "IpAddress";

    /// <summary>The operator of a name, without set operator and IfExists; null when there is none.</summary>
    public static ConditionOperator? Find(string name) => _all.GetValueOrDefault(name);

    private static IEnumerable<ConditionOperator> All() =>
    [
        .. Pair("StringEquals", "StringNotEquals", (v, vars) => new StringValue(PolicyPattern.Compile(v, hasWildcards: false, vars), ignoreCase: false), "a string"),
        .. Pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", (v, vars) => new StringValue(PolicyPattern.Compile(v, hasWildcards: false, vars), ignoreCase: true), "a string"),
        .. Pair("StringLike", "StringNotLike", (v, vars) => new StringValue(PolicyPattern.Compile(v, hasWildcards: true, vars), ignoreCase: false), "a string"),
        .. Pair("ArnEquals", "ArnNotEquals", Arn, "an ARN"),
        .. Pair("ArnLike", "ArnNotLike", Arn, "an ARN"),
        .. Pair("IpAddress", "NotIpAddress", (v, _) => AddressValue.Parse(v), "an address or a range like 203.0.113.0/24"),
        .. Ordered("Numeric", isDate: false, "a number"),
        .. Ordered("Date", isDate: true, "a time like 2026-01-02T03:04:05Z or seconds since 1970"),
        new("Bool", IsNegated: false, (v, _) => bool.TryParse(v, out var value) ? new BoolValue(value) : null, "true or false"),
        new(NullName, IsNegated: false, (v, _) => bool.TryParse(v, out var value) ? new BoolValue(value) : null, "true or false"),
        new("BinaryEquals", IsNegated: false, (v, _) => Binary(v), "base64"),
    ];

    private static IEnumerable<ConditionOperator> Pair(string name, string opposite, Func<string, bool, ConditionValue?> read, string expected) =>
        [new(name, IsNegated: false, read, expected), new(opposite, IsNegated: true, read, expected)];

    private static IEnumerable<ConditionOperator> Ordered(string type, bool isDate, string expected)
    {
        foreach (var comparison in Enum.GetValues<Comparison>())
            yield return new($"{type}{NameOf(comparison)}", IsNegated: false, (v, _) => Make(v, comparison), expected);
        yield return new($"{type}NotEquals", IsNegated: true, (v, _) => Make(v, Comparison.Equals), expected);

        ConditionValue? Make(string text, Comparison comparison) =>
            OrderedValue.Read(text, isDate) is { } number ? new OrderedValue(number, comparison, isDate) : null;
    }

    private static string NameOf(Comparison comparison) => comparison switch
    {
        Comparison.Equals => "Equals",
        Comparison.LessThan => "LessThan",
        Comparison.LessThanEquals => "LessThanEquals",
        Comparison.GreaterThan => "GreaterThan",
        _ => "GreaterThanEquals",
    };

    private static ConditionValue? Arn(string text, bool hasVariables) =>
        text == "*" || text.StartsWith("arn:", StringComparison.Ordinal) || text.StartsWith("${", StringComparison.Ordinal)
            ? new ArnValue(PolicyPattern.Compile(text, hasWildcards: true, hasVariables))
            : null;

    private static ConditionValue? Binary(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? new BinaryValue(bytes[..length]) : null;
    }
}
