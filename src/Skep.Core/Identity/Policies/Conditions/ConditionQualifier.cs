namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>How an operator treats a key with several values.</summary>
internal enum ConditionQualifier
{
    /// <summary>No set operator: the key is expected to have one value.</summary>
    None,

    /// <summary>ForAllValues: every value of the request, also when there is none.</summary>
    ForAllValues,

    /// <summary>ForAnyValue: at least one value of the request.</summary>
    ForAnyValue,
}
