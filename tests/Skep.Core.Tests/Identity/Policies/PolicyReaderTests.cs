using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity.Policies;

namespace Skep.Core.Tests.Identity.Policies;

public sealed class PolicyReaderTests
{
    private const string Whole =
        """
        {
          "Version": "2012-10-17",
          "Id": "all elements",
          "Statement": [
            {
              "Sid": "One",
              "Effect": "Allow",
              "Principal": {"AWS": ["111122223333", "*"], "Service": "logging.s3.amazonaws.com", "Federated": "x.example", "CanonicalUser": "ab"},
              "Action": ["s3:GetObject", "s3:Put*"],
              "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/${aws:username, 'none'}/*"],
              "Condition": {"NumericLessThan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": true}, "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*", "b"]}}
            },
            {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/alice"}, "NotAction": "s3:*", "NotResource": "*"}
          ]
        }
        """;

    [Fact]
    public void Reads_all_elements()
    {
        var policy = Read(Whole);
        Assert.Equal(("2012-10-17", "all elements"), (policy.Version, policy.Id));
        Assert.Equal([(0, "One", PolicyEffect.Allow), (1, null, PolicyEffect.Deny)], policy.Statements.Select(s => (s.Index, s.Sid, s.Effect)));
    }

    [Fact]
    public void The_version_may_stand_anywhere_or_nowhere()
    {
        const string Statement = """{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}""";
        Assert.Equal("2012-10-17", Read(Statement + ""","Version":"2012-10-17"}""").Version);
        Assert.Equal("2008-10-17", Read(Statement + "}").Version);
    }

    [Theory]
    [InlineData("", "The policy is not valid JSON (line 1, byte 1)")]
    [InlineData("[]", "The policy must be a JSON object, not a list (line 1, byte 1)")]
    [InlineData("{", "The policy is not valid JSON (line 1, byte 2)")]
    [InlineData("{}", "Missing required field Statement (line 1, byte 2)")]
    [InlineData("{\n  \"Version\": \"2012-10-18\"\n}", "Version must be 2012-10-17 or 2008-10-17, not '2012-10-18' (line 2, byte 14)")]
    [InlineData("""{"Statement":[]}""", "Statement must have at least one statement (line 1, byte 15)")]
    [InlineData("""{"Statement":1}""", "Statement must be an object or a list of objects, not a number (line 1, byte 14)")]
    [InlineData("""{"Statement":[1]}""", "A statement must be an object, not a number (line 1, byte 15)")]
    [InlineData("""{"Version":"2012-10-17","Version":"2012-10-17"}""", "The policy has Version more than once (line 1, byte 25)")]
    [InlineData("""{"Statements":[]}""", "The policy has an unknown element 'Statements' (line 1, byte 2)")]
    [InlineData("""{"Id":5,"Statement":[]}""", "Id must be a string, not a number (line 1, byte 7)")]
    public void Says_what_is_wrong_with_a_document_and_where(string json, string message) => Assert.Equal(message, Problem(json));

    [Theory]
    [InlineData("Effect", null, "Missing required field Effect")]
    [InlineData("Effect", "\"allow\"", "Effect must be Allow or Deny, not 'allow'")]
    [InlineData("Principal", null, "Missing required field Principal")]
    [InlineData("Principal", "\"111122223333\"", "Invalid principal in policy: a principal without its type can only be \"*\"")]
    [InlineData("Principal", "{}", "Invalid principal in policy: nobody is named")]
    [InlineData("Principal", """{"Aws":"*"}""", "Invalid principal in policy: 'Aws' is none of AWS, Service, Federated, CanonicalUser")]
    [InlineData("Principal", """{"AWS":"alice"}""", "Invalid principal in policy: \"AWS\": \"alice\"")]
    [InlineData("Principal", """{"AWS":"arn:aws:iam::111122223333:user/*"}""", "Invalid principal in policy: \"AWS\": \"arn:aws:iam::111122223333:user/*\"")]
    [InlineData("Principal", """{"AWS":"arn:aws:iam::111122223333:group/g"}""", "Invalid principal in policy: \"AWS\": \"arn:aws:iam::111122223333:group/g\"")]
    [InlineData("Principal", """{"AWS":"arn:aws:iam::12345:root"}""", "Invalid principal in policy: \"AWS\": \"arn:aws:iam::12345:root\"")]
    [InlineData("Principal", """{"AWS":"arn:aws:iam::Blue:root"}""", "Invalid principal in policy: \"AWS\": \"arn:aws:iam::Blue:root\"")]
    [InlineData("Principal", """{"Service":"*"}""", "Invalid principal in policy: \"Service\": \"*\"")]
    [InlineData("Principal", """{"AWS":[]}""", "AWS must have at least one value")]
    [InlineData("NotPrincipal", "\"*\"", "A statement has both Principal and NotPrincipal")]
    [InlineData("Action", null, "Missing required field Action")]
    [InlineData("Action", "\"GetObject\"", "Policy has invalid action 'GetObject': expected \"*\" or s3:Name, in which * and ? are wildcards")]
    [InlineData("Action", "\"ec2:*\"", "Policy has invalid action 'ec2:*': expected \"*\" or s3:Name, in which * and ? are wildcards")]
    [InlineData("Action", "[]", "Action must have at least one value")]
    [InlineData("Action", "{}", "Action must be a string or a list of strings, not an object")]
    [InlineData("NotAction", "\"*\"", "A statement has both Action and NotAction")]
    [InlineData("Resource", null, "Missing required field Resource")]
    [InlineData("Resource", "\"bucket\"", "Policy has invalid resource 'bucket': expected \"*\" or an ARN")]
    [InlineData("Resource", "\"arn:aws:s3:::other/*\"", "Policy has invalid resource 'arn:aws:s3:::other/*': it must be arn:aws:s3:::bucket or begin with arn:aws:s3:::bucket/")]
    [InlineData("Resource", "\"arn:aws:s3:::bucket2\"", "Policy has invalid resource 'arn:aws:s3:::bucket2': it must be arn:aws:s3:::bucket or begin with arn:aws:s3:::bucket/")]
    [InlineData("Resource", "\"arn:aws:s3:::bucket/${aws:username\"", "Policy has invalid resource: the variable in 'arn:aws:s3:::bucket/${aws:username' has no closing brace")]
    [InlineData("NotResource", "\"*\"", "A statement has both Resource and NotResource")]
    [InlineData("Sid", "[]", "Sid must be a string, not a list")]
    [InlineData("Resources", "\"*\"", "A statement has an unknown element 'Resources'")]
    [InlineData("Condition", "[]", "Condition must be an object, not a list")]
    [InlineData("Condition", """{"StringIs":{"a:b":"c"}}""", "Invalid condition operator: 'StringIs'")]
    [InlineData("Condition", """{"NullIfExists":{"a:b":"true"}}""", "Invalid condition operator: 'NullIfExists'")]
    [InlineData("Condition", """{"ForSomeValues:StringEquals":{"a:b":"c"}}""", "Invalid condition operator: 'ForSomeValues:StringEquals'")]
    [InlineData("Condition", """{"StringEquals":{}}""", "StringEquals must have a condition key")]
    [InlineData("Condition", """{"StringEquals":{"a":"c"}}""", "Policy has an invalid condition key 'a': expected service:key")]
    [InlineData("Condition", """{"StringEquals":{"a:b":"c","A:b":"c"}}""", "StringEquals has the key 'A:b' more than once")]
    [InlineData("Condition", """{"StringEquals":{"a:b":[]}}""", "a:b must have at least one value")]
    [InlineData("Condition", """{"StringEquals":{"a:b":null}}""", "a:b must be a string or a list of strings, not null")]
    [InlineData("Condition", """{"StringEquals":{"a:b":"${x}"}}""", "StringEquals of a:b: '${x}' is no variable: expected ${key} or ${key, 'default'}")]
    [InlineData("Condition", """{"StringEquals":{"a:b":"${a:b, c}"}}""", "StringEquals of a:b: the default in '${a:b, c}' must stand in single quotes")]
    [InlineData("Condition", """{"IpAddress":{"a:b":"1.2.3"}}""", "IpAddress of a:b has the value '1.2.3'; expected an address or a range like 203.0.113.0/24")]
    [InlineData("Condition", """{"IpAddress":{"a:b":"1.2.3.4/33"}}""", "IpAddress of a:b has the value '1.2.3.4/33'; expected an address or a range like 203.0.113.0/24")]
    [InlineData("Condition", """{"NumericEquals":{"a:b":"ten"}}""", "NumericEquals of a:b has the value 'ten'; expected a number")]
    [InlineData("Condition", """{"DateEquals":{"a:b":"now"}}""", "DateEquals of a:b has the value 'now'; expected a time like 2026-01-02T03:04:05Z or seconds since 1970")]
    [InlineData("Condition", """{"Bool":{"a:b":"yes"}}""", "Bool of a:b has the value 'yes'; expected true or false")]
    [InlineData("Condition", """{"ArnLike":{"a:b":"x"}}""", "ArnLike of a:b has the value 'x'; expected an ARN")]
    [InlineData("Condition", """{"BinaryEquals":{"a:b":"?"}}""", "BinaryEquals of a:b has the value '?'; expected base64")]
    public void Says_what_is_wrong_with_a_statement(string element, string? json, string message)
    {
        var elements = new Dictionary<string, string> { ["Effect"] = "\"Allow\"", ["Principal"] = "\"*\"", ["Action"] = "\"s3:*\"", ["Resource"] = "\"*\"" };
        elements.Remove(element);
        if (json is not null)
            elements.Add(element, json);
        var statement = string.Join(',', elements.Select(e => $"\"{e.Key}\":{e.Value}"));
        Assert.StartsWith(message + " (line 1, byte ", Problem(PolicyTexts.Document("{" + statement + "}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Allow_does_not_go_with_NotPrincipal() => Assert.StartsWith(
        "Allow with NotPrincipal is not allowed",
        Problem(PolicyTexts.Document("""{"Effect":"Allow","NotPrincipal":"*","Action":"s3:*","Resource":"*"}""")), StringComparison.Ordinal);

    [Fact]
    public void Nothing_may_follow_the_policy() => Assert.Equal("The policy is not valid JSON (line 15, byte 2)", Problem(Whole + "{}"));

    [Fact]
    public void Empty_sids_may_repeat() => Assert.Equal(
        2,
        Read(PolicyTexts.Document(string.Join(',', Enumerable.Repeat("""{"Sid":"","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}""", 2)))).Statements.Count);

    [Fact]
    public void Sids_are_unique() => Assert.StartsWith(
        "Statement IDs (Sid) in a policy must be unique, and 'a' comes more than once",
        Problem(PolicyTexts.Document(string.Join(',', Enumerable.Repeat("""{"Sid":"a","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}""", 2)))),
        StringComparison.Ordinal);

    [Fact]
    public void What_a_policy_is_for_decides_what_it_must_have()
    {
        Assert.StartsWith("Policy document should not specify Principal", Problem(PolicyTexts.Document(PolicyTexts.Allow(more: PolicyTexts.Principal("\"*\""))), PolicyRules.Identity), StringComparison.Ordinal);
        Assert.StartsWith("Policy document should not specify Resource", Problem(PolicyTexts.Document(PolicyTexts.Allow()), PolicyRules.Trust), StringComparison.Ordinal);
        Assert.Single(Policy.Parse(Encoding.UTF8.GetBytes(PolicyTexts.Document("""{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}""")), PolicyRules.Trust).Statements);
    }

    [Fact]
    public void A_bucket_policy_has_20_KiB_at_most()
    {
        var policy = PolicyTexts.Document(PolicyTexts.Allow(more: PolicyTexts.Principal("\"*\"")));
        Assert.Single(Read(policy.PadRight(20_480)).Statements);
        Assert.Equal("The policy has 20481 bytes; at most 20480 are allowed (line 1, byte 1)", Problem(policy.PadRight(20_481)));
    }

    [Fact]
    public void Whatever_comes_is_read_or_refused()
    {
        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var whole = Encoding.UTF8.GetBytes(Whole);
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<PolicyException>(() => Policy.Parse(whole.AsSpan(0, length), PolicyRules.Bucket("bucket")));
        for (var round = 0; round < 20_000; round++)
        {
            var changed = whole.ToArray();
            for (var i = 1 + random.Next(3); i > 0; i--)
                changed[random.Next(changed.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : whole[random.Next(whole.Length)];
            var problem = Record.Exception(() => Policy.Parse(changed, PolicyRules.Bucket("bucket")));
            Assert.True(problem is null or PolicyException, $"{problem}");
        }
    }

    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00x")]
    public void A_string_that_is_no_text_is_refused(string escape) => Assert.StartsWith(
        "The policy has a string that is not valid Unicode",
        Problem(PolicyTexts.Document($$"""{"Sid":"{{escape}}","Effect":"Allow"}""")), StringComparison.Ordinal);

    private static Policy Read(string json) => Policy.Parse(Encoding.UTF8.GetBytes(json), PolicyRules.Bucket("bucket"));

    private static string Problem(string json, PolicyRules? rules = null) =>
        Assert.Throws<PolicyException>(() => Policy.Parse(Encoding.UTF8.GetBytes(json), rules ?? PolicyRules.Bucket("bucket"))).Message;
}
