namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of BinaryEquals; both sides are base64.</summary>
internal sealed class BinaryValue(byte[] wanted) : ConditionValue
{
    public override bool IsFixed => true;

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved)
    {
        isUnresolved = false;
        var actual = new byte[value.Length];
        return Convert.TryFromBase64String(value, actual, out var length) && actual.AsSpan(0, length).SequenceEqual(wanted);
    }
}
