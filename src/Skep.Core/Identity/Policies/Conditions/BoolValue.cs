namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of Bool.</summary>
internal sealed class BoolValue(bool wanted) : ConditionValue
{
    public override bool IsFixed => true;

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved)
    {
        isUnresolved = false;
        return bool.TryParse(value, out var actual) && actual == wanted;
    }
}
