namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>One value that a condition compares a key's values with.</summary>
internal abstract class ConditionValue
{
    /// <summary>Whether the value is one that IsPublic may take as narrow: no wildcard, no variable, no broad range.</summary>
    public abstract bool IsFixed { get; }

    /// <summary>Whether a value of the request is so.</summary>
    /// <param name="value">The value.</param>
    /// <param name="request">For policy variables.</param>
    /// <param name="isUnresolved">Set when a policy variable has no value here; then it is not so.</param>
    public abstract bool IsMatch(string value, PolicyRequest request, out bool isUnresolved);
}
