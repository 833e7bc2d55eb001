using System.Text.Json;
using Skep.Core.Identity.Policies.Conditions;

namespace Skep.Core.Identity.Policies;

internal ref partial struct PolicyReader
{
    private const string ForAllValues = "ForAllValues:";
    private const string ForAnyValue = "ForAnyValue:";
    private const string IfExists = "IfExists";

    private PrincipalElement ReadPrincipal(bool isNegated)
    {
        if (_reader.TokenType is JsonTokenType.String)
        {
            return Text("Principal") == "*"
                ? new PrincipalElement(isNegated, [PrincipalName.Everybody])
                : throw Error("Invalid principal in policy: a principal without its type can only be \"*\"");
        }

        Expect(JsonTokenType.StartObject, "Principal must be \"*\" or an object");
        var names = new List<PrincipalName>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (NextName() is { } type)
        {
            if (type is not ("AWS" or "Service" or "Federated" or "CanonicalUser"))
                throw Error($"Invalid principal in policy: '{Shorten(type)}' is none of AWS, Service, Federated, CanonicalUser");
            if (!seen.Add(type))
                throw Error($"Principal has {type} more than once");
            Next();
            foreach (var text in Texts(type))
                names.Add(PrincipalName.Parse(type, text) ?? throw Error($"Invalid principal in policy: \"{type}\": \"{Shorten(text)}\""));
        }

        return names.Count > 0 ? new PrincipalElement(isNegated, names) : throw Error("Invalid principal in policy: nobody is named");
    }

    private List<PolicyPattern> ReadActions(string element)
    {
        var actions = new List<PolicyPattern>();
        foreach (var text in Texts(element))
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            var isValid = text == "*"
                || (colon > 0 && colon + 1 < text.Length
                    && text.AsSpan(0, colon).IndexOfAnyExcept(_vendorCharacters) < 0
                    && text.AsSpan(colon + 1).IndexOfAnyExcept(_actionCharacters) < 0
                    && (_rules.Service is null || text.AsSpan(0, colon).Equals(_rules.Service, StringComparison.OrdinalIgnoreCase)));
            if (!isValid)
                throw Error($"Policy has invalid action '{Shorten(text)}': expected \"*\" or {_rules.Service ?? "service"}:Name, in which * and ? are wildcards");
            actions.Add(PolicyPattern.Compile(text, hasWildcards: true, hasVariables: false));
        }

        return actions;
    }

    private List<PolicyPattern> ReadResources(string element)
    {
        var resources = new List<PolicyPattern>();
        foreach (var text in Texts(element))
        {
            if (text != "*" && !text.StartsWith("arn:", StringComparison.Ordinal))
                throw Error($"Policy has invalid resource '{Shorten(text)}': expected \"*\" or an ARN");
            try
            {
                resources.Add(PolicyPattern.Compile(text, hasWildcards: true, _hasVariables));
            }
            catch (FormatException ex)
            {
                throw Error($"Policy has invalid resource: {ex.Message}");
            }

            if (_rules.ResourceRoot is { } root && !IsUnder(text, root))
                throw Error($"Policy has invalid resource '{Shorten(text)}': it must be {root} or begin with {root}/");
        }

        return resources;
    }

    /// <summary>Whether a pattern's part before the first slash can mean a resource. Variables stand only behind it.</summary>
    private static bool IsUnder(string pattern, string root)
    {
        var slash = pattern.IndexOf('/', StringComparison.Ordinal);
        var head = slash < 0 ? pattern : pattern[..slash];
        return PolicyPattern.Compile(head, hasWildcards: true, hasVariables: false).IsFixedMatch(root);
    }

    private List<PolicyCondition> ReadConditions()
    {
        Expect(JsonTokenType.StartObject, "Condition must be an object");
        var conditions = new List<PolicyCondition>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (NextName() is { } name)
        {
            if (!seen.Add(name))
                throw Error($"Condition has {Shorten(name)} more than once");
            ReadOperator(name, conditions);
        }

        return conditions;
    }

    private void ReadOperator(string name, List<PolicyCondition> conditions)
    {
        var qualifier = name.StartsWith(ForAllValues, StringComparison.Ordinal) ? ConditionQualifier.ForAllValues
            : name.StartsWith(ForAnyValue, StringComparison.Ordinal) ? ConditionQualifier.ForAnyValue
            : ConditionQualifier.None;
        var bare = qualifier is ConditionQualifier.None ? name : name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var isIfExists = bare.EndsWith(IfExists, StringComparison.Ordinal);
        bare = isIfExists ? bare[..^IfExists.Length] : bare;
        if (ConditionOperator.Find(bare) is not { } op || (bare == ConditionOperator.NullName && (isIfExists || qualifier is not ConditionQualifier.None)))
            throw Error($"Invalid condition operator: '{Shorten(name)}'");
        Next();
        Expect(JsonTokenType.StartObject, $"{name} must be an object");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (NextName() is { } key)
        {
            if (!seen.Add(key))
                throw Error($"{name} has the key '{Shorten(key)}' more than once");
            if (!key.Contains(':', StringComparison.Ordinal))
                throw Error($"Policy has an invalid condition key '{Shorten(key)}': expected service:key");
            Next();
            var values = new List<ConditionValue>();
            foreach (var text in Texts(key))
                values.Add(ReadValue(op, key, text));
            conditions.Add(new PolicyCondition(op, qualifier, isIfExists, key.ToLowerInvariant(), values));
        }

        if (seen.Count == 0)
            throw Error($"{name} must have a condition key");
    }

    private readonly ConditionValue ReadValue(ConditionOperator op, string key, string text)
    {
        try
        {
            return op.Read(text, _hasVariables)
                ?? throw Error($"{op.Name} of {Shorten(key)} has the value '{Shorten(text)}'; expected {op.Expected}");
        }
        catch (FormatException ex)
        {
            throw Error($"{op.Name} of {Shorten(key)}: {ex.Message}");
        }
    }
}
