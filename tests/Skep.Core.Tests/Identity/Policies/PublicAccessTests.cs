namespace Skep.Core.Tests.Identity.Policies;

/// <summary>"The meaning of public", S3 user guide, "Blocking public access to your Amazon S3 storage".</summary>
public sealed class PublicAccessTests
{
    [Theory]
    [InlineData("\"*\"", true)]
    [InlineData("""{"AWS":"*"}""", true)]
    [InlineData("""{"AWS":["111122223333","*"]}""", true)]
    [InlineData("""{"AWS":"111122223333"}""", false)]
    [InlineData("""{"AWS":"arn:aws:iam::444455556666:role/reader"}""", false)]
    [InlineData("""{"Service":"cloudtrail.amazonaws.com"}""", false)]
    [InlineData("""{"CanonicalUser":"c0ffee"}""", false)]
    public void Everybody_is_public_and_somebody_is_not(string principal, bool isPublic) =>
        Assert.Equal(isPublic, PolicyTexts.Bucket(PolicyTexts.Allow(more: PolicyTexts.Principal(principal))).IsPublic);

    [Theory]
    [InlineData("StringEquals", "aws:SourceVpc", "\"vpc-91237329\"", false)]
    [InlineData("StringEquals", "AWS:sourcevpc", "\"vpc-91237329\"", false)]
    [InlineData("StringLike", "aws:SourceVpc", "\"vpc-91237329\"", false)]
    [InlineData("StringLike", "aws:SourceVpc", "\"vpc-*\"", true)]
    [InlineData("StringLike", "aws:SourceVpc", "[\"vpc-91237329\",\"vpc-*\"]", true)]
    [InlineData("StringEquals", "aws:SourceVpc", "\"${aws:username}\"", true)]
    [InlineData("StringNotEquals", "aws:SourceVpc", "\"vpc-91237329\"", true)]
    [InlineData("StringEqualsIfExists", "aws:SourceVpc", "\"vpc-91237329\"", true)]
    [InlineData("ForAllValues:StringEquals", "aws:SourceVpc", "\"vpc-91237329\"", true)]
    [InlineData("ForAnyValue:StringEquals", "aws:SourceVpc", "\"vpc-91237329\"", false)]
    [InlineData("Null", "aws:SourceVpc", "\"false\"", true)]
    [InlineData("StringEquals", "aws:PrincipalOrgID", "\"o-1\"", false)]
    [InlineData("StringEquals", "aws:SourceAccount", "\"111122223333\"", false)]
    [InlineData("ArnLike", "aws:SourceArn", "\"arn:aws:sns:eu-west-1:111122223333:t\"", false)]
    [InlineData("ArnLike", "aws:SourceArn", "\"arn:aws:sns:*:111122223333:t\"", true)]
    [InlineData("StringLike", "aws:userid", "\"AROA1:*\"", true)]
    [InlineData("StringEquals", "s3:prefix", "\"public/\"", true)]
    [InlineData("StringEquals", "aws:Referer", "\"https://example.com\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"203.0.113.0/24\"", false)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.0.0.0/8\"", false)]
    [InlineData("IpAddress", "aws:SourceIp", "\"172.16.0.0/12\"", false)]
    [InlineData("IpAddress", "aws:SourceIp", "\"0.0.0.0/0\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"0.0.0.0/1\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "[\"203.0.113.0/24\",\"128.0.0.0/1\"]", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"2001:db8::/32\"", false)]
    [InlineData("IpAddress", "aws:SourceIp", "\"2000::/3\"", true)]
    [InlineData("NotIpAddress", "aws:SourceIp", "\"203.0.113.0/24\"", true)]
    public void A_condition_on_who_or_whence_with_fixed_values_is_not_public(string op, string key, string json, bool isPublic) =>
        Assert.Equal(isPublic, PolicyTexts.Bucket(PolicyTexts.Allow(more: PolicyTexts.Principal("\"*\"") + PolicyTexts.When(op, key, json))).IsPublic);

    [Fact]
    public void One_public_statement_is_enough_and_a_deny_is_none()
    {
        var somebody = PolicyTexts.Allow(more: PolicyTexts.Principal("""{"AWS":"111122223333"}"""));
        var everybody = PolicyTexts.Allow(more: PolicyTexts.Principal("\"*\""));
        var deny = PolicyTexts.Deny(more: PolicyTexts.Principal("\"*\""));
        Assert.True(PolicyTexts.Bucket($"{somebody},{everybody}").IsPublic);
        Assert.False(PolicyTexts.Bucket($"{somebody},{deny}").IsPublic);
    }
}
