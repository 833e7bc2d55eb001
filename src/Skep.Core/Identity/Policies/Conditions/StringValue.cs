namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of the String… operators.</summary>
internal sealed class StringValue(PolicyPattern pattern, bool ignoreCase) : ConditionValue
{
    public override bool IsFixed => pattern.IsFixed;

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved) =>
        pattern.IsMatch(value, request, ignoreCase, out isUnresolved);
}
