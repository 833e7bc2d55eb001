namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of the Arn… operators, of which ArnEquals and ArnLike are the same.</summary>
internal sealed class ArnValue(PolicyPattern pattern) : ConditionValue
{
    public override bool IsFixed => pattern.IsFixed;

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved) =>
        pattern.IsArnMatch(value, request, out isUnresolved);
}
