using Microsoft.Extensions.Primitives;

namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>One operator on one key. All conditions of a statement must hold.</summary>
internal sealed class PolicyCondition(
    ConditionOperator op, ConditionQualifier qualifier, bool isIfExists, string key, IReadOnlyList<ConditionValue> values)
{
    /// <summary>The key, lower case.</summary>
    public string Key => key;

    /// <summary>Whether it holds only for a few fixed values of its key.</summary>
    public bool IsNarrow => op.IsNarrowing && !isIfExists && qualifier is not ConditionQualifier.ForAllValues && values.All(v => v.IsFixed);

    /// <summary>Whether it holds.</summary>
    /// <param name="request">The request.</param>
    /// <param name="effect">
    /// A policy variable without a value is equal to nothing. In an Allow statement it is unequal to nothing as well, so that
    /// what is unknown never allows.
    /// </param>
    public bool Holds(PolicyRequest request, PolicyEffect effect)
    {
        var actual = request.Find(key);
        if (op.Name == ConditionOperator.NullName)
            return values.Any(v => v.IsMatch(actual.Count == 0 ? "true" : "false", request, out _));
        if (actual.Count == 0)
            return isIfExists || qualifier is ConditionQualifier.ForAllValues || (qualifier is ConditionQualifier.None && op.IsNegated);
        return qualifier switch
        {
            ConditionQualifier.ForAllValues => All(actual, request, effect),
            ConditionQualifier.ForAnyValue => Any(actual, request, effect),
            _ => op.IsNegated ? All(actual, request, effect) : Any(actual, request, effect),
        };
    }

    private bool All(StringValues actual, PolicyRequest request, PolicyEffect effect)
    {
        foreach (var value in actual)
        {
            if (!HoldsFor(value ?? "", request, effect))
                return false;
        }

        return true;
    }

    private bool Any(StringValues actual, PolicyRequest request, PolicyEffect effect)
    {
        foreach (var value in actual)
        {
            if (HoldsFor(value ?? "", request, effect))
                return true;
        }

        return false;
    }

    private bool HoldsFor(string actual, PolicyRequest request, PolicyEffect effect)
    {
        foreach (var value in values)
        {
            if (value.IsMatch(actual, request, out var isUnresolved))
                return !op.IsNegated;
            if (isUnresolved && op.IsNegated && effect is PolicyEffect.Allow)
                return false;
        }

        return op.IsNegated;
    }
}
