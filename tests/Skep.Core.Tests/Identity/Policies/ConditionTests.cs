using Microsoft.Extensions.Primitives;
using Skep.Core.Identity.Policies;

namespace Skep.Core.Tests.Identity.Policies;

/// <summary>Condition operators, as the IAM user guide describes them.</summary>
public sealed class ConditionTests
{
    [Theory]
    [InlineData("StringEquals", "a", "a", true)]
    [InlineData("StringEquals", "a", "A", false)]
    [InlineData("StringEquals", "a*", "ab", false)]
    [InlineData("StringNotEquals", "a", "b", true)]
    [InlineData("StringNotEquals", "a", "a", false)]
    [InlineData("StringEqualsIgnoreCase", "a", "A", true)]
    [InlineData("StringNotEqualsIgnoreCase", "a", "A", false)]
    [InlineData("StringLike", "a*c?", "abbbcd", true)]
    [InlineData("StringLike", "a*c?", "abbbc", false)]
    [InlineData("StringLike", "a*", "A", false)]
    [InlineData("StringLike", "*", "", true)]
    [InlineData("StringNotLike", "a*", "b", true)]
    [InlineData("StringNotLike", "a*", "ab", false)]
    [InlineData("NumericEquals", "10", "10.0", true)]
    [InlineData("NumericNotEquals", "10", "10", false)]
    [InlineData("NumericNotEquals", "10", "11", true)]
    [InlineData("NumericLessThan", "10", "9", true)]
    [InlineData("NumericLessThan", "10", "10", false)]
    [InlineData("NumericLessThanEquals", "10", "10", true)]
    [InlineData("NumericGreaterThan", "10", "10", false)]
    [InlineData("NumericGreaterThan", "-10", "-9", true)]
    [InlineData("NumericGreaterThanEquals", "10", "10", true)]
    [InlineData("NumericGreaterThanEquals", "10", "many", false)]
    [InlineData("DateEquals", "2026-01-02T03:04:05Z", "1767323045", true)]
    [InlineData("DateEquals", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05Z", true)]
    [InlineData("DateNotEquals", "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z", true)]
    [InlineData("DateLessThan", "2026-01-02T03:04:05Z", "2026-01-02T03:04:04Z", true)]
    [InlineData("DateLessThanEquals", "2026-01-02", "2026-01-02T00:00:00Z", true)]
    [InlineData("DateGreaterThan", "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", false)]
    [InlineData("DateGreaterThanEquals", "1767323045", "2026-01-02T03:04:05Z", true)]
    [InlineData("Bool", "true", "true", true)]
    [InlineData("Bool", "TRUE", "true", true)]
    [InlineData("Bool", "true", "false", false)]
    [InlineData("BinaryEquals", "QmluYXJ5", "QmluYXJ5", true)]
    [InlineData("BinaryEquals", "QmluYXJ5", "Qmlu", false)]
    [InlineData("IpAddress", "203.0.113.0/24", "203.0.113.7", true)]
    [InlineData("IpAddress", "203.0.113.9/24", "203.0.113.7", true)]
    [InlineData("IpAddress", "203.0.113.0/24", "203.0.114.7", false)]
    [InlineData("IpAddress", "203.0.113.7", "203.0.113.7", true)]
    [InlineData("IpAddress", "203.0.113.7", "::ffff:203.0.113.7", true)]
    [InlineData("IpAddress", "2001:db8::/32", "2001:db8:1::7", true)]
    [InlineData("IpAddress", "2001:db8::/32", "2001:db9::7", false)]
    [InlineData("IpAddress", "0.0.0.0/0", "2001:db9::7", false)]
    [InlineData("IpAddress", "0.0.0.0/0", "nowhere", false)]
    [InlineData("NotIpAddress", "203.0.113.0/24", "203.0.114.7", true)]
    [InlineData("NotIpAddress", "203.0.113.0/24", "203.0.113.7", false)]
    [InlineData("ArnEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", true)]
    [InlineData("ArnLike", "arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:111122223333:topic", false)]
    [InlineData("ArnLike", "arn:aws:sns", "arn:aws:sns:eu-west-1:111122223333:topic", true)]
    [InlineData("ArnLike", "*", "arn:aws:sns:eu-west-1:111122223333:topic", true)]
    [InlineData("ArnLike", "arn:aws:s3:::a*", "arn:aws:s3:::a/b:c", true)]
    [InlineData("ArnNotEquals", "arn:aws:s3:::a", "arn:aws:s3:::b", true)]
    [InlineData("ArnNotLike", "arn:aws:s3:::*", "arn:aws:s3:::b", false)]
    public void Compares_one_value(string op, string wanted, string actual, bool holds) => Assert.Equal(holds, Holds(op, $"\"{wanted}\"", actual));

    [Theory]
    [InlineData("StringEquals", "a", false)]
    [InlineData("StringNotEquals", "a", true)]
    [InlineData("StringEqualsIfExists", "a", true)]
    [InlineData("StringNotEqualsIfExists", "a", true)]
    [InlineData("NotIpAddress", "1.2.3.4", true)]
    [InlineData("NumericLessThan", "1", false)]
    [InlineData("BoolIfExists", "false", true)]
    [InlineData("ForAllValues:StringEquals", "a", true)]
    [InlineData("ForAnyValue:StringEquals", "a", false)]
    [InlineData("ForAnyValue:StringNotEquals", "a", false)]
    [InlineData("ForAnyValue:StringEqualsIfExists", "a", true)]
    [InlineData("Null", "true", true)]
    [InlineData("Null", "false", false)]
    public void Knows_what_a_missing_key_means(string op, string wanted, bool holds) => Assert.Equal(holds, Holds(op, $"\"{wanted}\"", StringValues.Empty));

    [Theory]
    [InlineData("ForAllValues:StringEquals", "a b", true)]
    [InlineData("ForAllValues:StringEquals", "a x", false)]
    [InlineData("ForAnyValue:StringEquals", "a x", true)]
    [InlineData("ForAnyValue:StringEquals", "x y", false)]
    [InlineData("ForAllValues:StringNotEquals", "x y", true)]
    [InlineData("ForAllValues:StringNotEquals", "x a", false)]
    [InlineData("ForAnyValue:StringNotEquals", "x a", true)]
    [InlineData("ForAnyValue:StringNotEquals", "a b", false)]
    [InlineData("StringEquals", "x a", true)]
    [InlineData("StringNotEquals", "x a", false)]
    [InlineData("Null", "a b", false)]
    public void Set_operators_look_at_every_value(string op, string actual, bool holds) =>
        Assert.Equal(holds, Holds(op, op == "Null" ? "\"true\"" : """["a","b","c"]""", actual.Split(' ')));

    [Fact]
    public void Values_are_alternatives_and_keys_and_operators_add_up()
    {
        const string Conditions = """{"StringEquals":{"x:A":["1","2"],"x:b":"1"},"Bool":{"aws:SecureTransport":true}}""";
        var policy = PolicyTexts.Identity(PolicyTexts.Allow(more: $",\"Condition\":{Conditions}"));
        Assert.True(Allowed("2", "1", "true"));
        Assert.False(Allowed("3", "1", "true"));
        Assert.False(Allowed("1", "2", "true"));
        Assert.False(Allowed("1", "1", "false"));

        bool Allowed(string a, string b, string secure) => PolicyEvaluator.Evaluate(
            new PolicySet { Identity = [policy] },
            PolicyTexts.Request().With("X:a", a).With("x:B", b).With("aws:securetransport", secure)).IsAllowed;
    }

    [Theory]
    [InlineData("aws:username", "alice")]
    [InlineData("aws:userid", "AIDAALICE00000000000")]
    [InlineData("aws:PrincipalArn", PolicyTexts.Alice)]
    [InlineData("aws:PrincipalAccount", PolicyTexts.Account)]
    [InlineData("aws:PrincipalType", "User")]
    [InlineData("aws:PrincipalTag/team", "blue")]
    [InlineData("aws:CurrentTime", "2026-01-02T03:04:05Z")]
    [InlineData("aws:EpochTime", "1767323045")]
    [InlineData("s3:ExistingObjectTag/color", "red")]
    public void Some_keys_are_there_of_themselves(string key, string value)
    {
        var policy = PolicyTexts.Identity(PolicyTexts.Allow(more: PolicyTexts.When("StringEquals", key, $"\"{value}\"")));
        var request = new PolicyRequest
        {
            Principal = PolicyTexts.User(), Action = "s3:GetObject", Resource = PolicyTexts.Object, ResourceAccount = PolicyTexts.Account, Time = PolicyTexts.Request().Time,
            FindMore = name => name == "s3:existingobjecttag/color" ? "red" : default(StringValues),
        };
        Assert.True(PolicyEvaluator.Evaluate(new PolicySet { Identity = [policy] }, request).IsAllowed);
    }

    private static bool Holds(string op, string wanted, StringValues actual)
    {
        var policy = PolicyTexts.Identity(PolicyTexts.Allow(more: PolicyTexts.When(op, "x:key", wanted)));
        return PolicyEvaluator.Evaluate(new PolicySet { Identity = [policy] }, PolicyTexts.Request().With("x:Key", actual)).IsAllowed;
    }
}
