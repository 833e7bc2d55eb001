using Skep.Core.Identity.Policies;

namespace Skep.Core.Tests.Identity.Policies;

/// <summary>Actions, resources, principals and variables of a statement.</summary>
public sealed class PolicyMatchTests
{
    [Theory]
    [InlineData("*", true)]
    [InlineData("s3:*", true)]
    [InlineData("S3:getobject", true)]
    [InlineData("s3:Get*", true)]
    [InlineData("s3:*Object", true)]
    [InlineData("s3:Get?bject", true)]
    [InlineData("s3:GetObjectAcl", false)]
    [InlineData("s3:Put*", false)]
    [InlineData("ec2:*", false)]
    public void Actions_match_without_case(string action, bool matches)
    {
        Assert.Equal(matches, AllowedBy(PolicyTexts.Allow(action)));
        Assert.Equal(!matches, AllowedBy($$"""{"Effect":"Allow","NotAction":["{{action}}"],"Resource":"*"}"""));
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("arn:aws:s3:::bucket/*", true)]
    [InlineData("arn:aws:s3:::bucket", false)]
    [InlineData("arn:aws:s3:::b*/file", true)]
    [InlineData("arn:aws:s3:::bucket/home/alice/fil?", true)]
    [InlineData("arn:aws:s3:::BUCKET/*", false)]
    [InlineData("arn:aws:s3", true)]
    [InlineData("arn:*:*:*:*:*", true)]
    [InlineData("arn:aws:*bucket/home/alice/file", false)]
    [InlineData("arn:aws:s3:::bucket/home/${aws:username}/*", true)]
    [InlineData("arn:aws:s3:::bucket/home/${aws:userid}/*", false)]
    [InlineData("arn:aws:s3:::bucket/home/${aws:nothing}/*", false)]
    [InlineData("arn:aws:s3:::bucket/home/${aws:nothing, 'alice'}/*", true)]
    [InlineData("arn:aws:s3:::bucket/home/${aws:PrincipalTag/Odd}/file", false)]
    [InlineData("arn:aws:s3:::bucket/home/${*}/file", false)]
    public void Resources_match_with_case_and_variables(string resource, bool matches)
    {
        Assert.Equal(matches, AllowedBy(PolicyTexts.Allow(resource: resource)));
        // "All but the unknown" allows nothing.
        var isUnknown = resource.Contains("nothing}", StringComparison.Ordinal);
        Assert.Equal(!matches && !isUnknown, AllowedBy($$"""{"Effect":"Allow","Action":"*","NotResource":["{{resource}}"]}"""));
    }

    [Theory]
    [InlineData("${*}", "*", true)]
    [InlineData("${*}", "x", false)]
    [InlineData("${?}${$}", "?$", true)]
    [InlineData("${aws:PrincipalTag/Odd}", "*", true)]
    [InlineData("${aws:PrincipalTag/Odd}", "anything", false)]
    [InlineData("home/${aws:username}/*", "home/alice/x", true)]
    [InlineData("home/${aws:username}/*", "home/bob/x", false)]
    [InlineData("${aws:PrincipalTag/Team, 'red'}", "blue", true)]
    [InlineData("${aws:PrincipalTag/None, 'red'}", "red", true)]
    public void What_a_variable_stands_for_has_no_wildcards(string pattern, string prefix, bool matches) => Assert.Equal(
        matches,
        AllowedBy(PolicyTexts.Allow(more: PolicyTexts.When("StringLike", "s3:prefix", $"\"{pattern}\"")), PolicyTexts.Request().With("s3:prefix", prefix)));

    [Fact]
    public void An_unknown_variable_never_allows_and_never_spares_a_deny()
    {
        const string Unequal = ""","Condition":{"StringNotEquals":{"s3:prefix":"${aws:nothing}"}}""";
        var request = PolicyTexts.Request().With("s3:prefix", "x");
        Assert.False(AllowedBy(PolicyTexts.Allow(more: Unequal), request));
        Assert.False(AllowedBy($"{PolicyTexts.Allow()},{PolicyTexts.Deny(more: Unequal)}", request));
    }

    [Fact]
    public void The_older_version_has_no_variables()
    {
        var policy = Policy.Parse(
            """{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::bucket/${aws:username}"}}"""u8, PolicyRules.Identity);
        var set = new PolicySet { Identity = [policy] };
        Assert.False(PolicyEvaluator.Evaluate(set, PolicyTexts.Request(resource: "arn:aws:s3:::bucket/alice")).IsAllowed);
        Assert.True(PolicyEvaluator.Evaluate(set, PolicyTexts.Request(resource: "arn:aws:s3:::bucket/${aws:username}")).IsAllowed);
    }

    public static TheoryData<string, string, bool> Principals => new()
    {
        { "\"*\"", "anonymous", true },
        { """{"AWS":"*"}""", "anonymous", true },
        { """{"AWS":["*"]}""", "other", false }, // the other account has not allowed it
        { """{"AWS":"111122223333"}""", "root", true },
        { """{"AWS":"111122223333"}""", "alice", false }, // left to alice's own policies
        { """{"AWS":"arn:aws:iam::111122223333:root"}""", "alice", false },
        { """{"AWS":"arn:aws:iam::111122223333:user/alice"}""", "alice", true },
        { """{"AWS":["arn:aws:iam::111122223333:user/bob","AIDAALICE00000000000"]}""", "alice", true },
        { """{"AWS":"arn:aws:iam::111122223333:user/alic"}""", "alice", false },
        { """{"AWS":"arn:aws:iam::111122223333:user/alice"}""", "anonymous", false },
        { """{"AWS":"arn:aws:iam::blue:user/alice"}""", "alice", true }, // by the name of her account's namespace
        { """{"AWS":"arn:aws:iam::blue:root"}""", "alice", false },
        { """{"AWS":"arn:aws:iam::blue:root"}""", "root", true },
        { """{"AWS":"arn:aws:iam::green:root"}""", "root", false },
        { """{"AWS":"arn:aws:iam::green:user/alice"}""", "alice", false },
        { """{"AWS":"arn:aws:iam::111122223333:role/builder"}""", "session", true },
        { """{"AWS":"arn:aws:sts::111122223333:assumed-role/builder/job"}""", "session", true },
        { """{"AWS":"arn:aws:sts::111122223333:assumed-role/builder/other"}""", "session", false },
        { """{"AWS":"AROABUILDER000000000"}""", "session", true },
        { """{"Service":"logging.s3.amazonaws.com"}""", "service", true },
        { """{"Service":"cloudtrail.amazonaws.com"}""", "service", false },
        { """{"Service":"logging.s3.amazonaws.com","AWS":"arn:aws:iam::111122223333:user/alice"}""", "alice", true },
        { """{"CanonicalUser":"c0ffee"}""", "root", true },
        { """{"CanonicalUser":"c0ffee"}""", "alice", false },
        { """{"Federated":"cognito-identity.amazonaws.com"}""", "federated", true },
        { """{"Federated":"accounts.google.com"}""", "federated", false },
    };

    [Theory]
    [MemberData(nameof(Principals))]
    public void Principals_match(string principal, string who, bool allowed)
    {
        var policy = PolicyTexts.Bucket(PolicyTexts.Allow(more: PolicyTexts.Principal(principal)));
        var decision = PolicyEvaluator.Evaluate(new PolicySet { Resource = policy }, PolicyTexts.Request(Who(who)));
        // The root of the account may do it anyway; here the policy must be why.
        Assert.Equal(allowed, decision is { IsAllowed: true, Source: PolicySource.Resource, Statement.Index: 0 });
    }

    [Theory]
    [InlineData("alice", """{"AWS":"arn:aws:iam::111122223333:user/alice"}""", false)]
    [InlineData("alice", """{"AWS":"arn:aws:iam::111122223333:user/bob"}""", true)]
    [InlineData("alice", """{"AWS":"111122223333"}""", true)]
    [InlineData("root", """{"AWS":"111122223333"}""", false)]
    [InlineData("session", """{"AWS":"arn:aws:iam::111122223333:role/builder"}""", false)]
    [InlineData("anonymous", """{"AWS":"111122223333"}""", true)]
    public void A_deny_for_all_but_some_denies_all_but_some(string who, string excepted, bool denied)
    {
        var policy = PolicyTexts.Bucket($$"""{"Effect":"Deny","NotPrincipal":{{excepted}},"Action":"s3:*","Resource":"*"}""");
        Assert.Equal(denied, PolicyEvaluator.Evaluate(new PolicySet { Resource = policy }, PolicyTexts.Request(Who(who))).Outcome is PolicyOutcome.ExplicitDeny);
    }

    private static PolicyPrincipal Who(string who) => who switch
    {
        "anonymous" => PolicyPrincipal.Anonymous,
        "root" => PolicyTexts.Root(),
        "session" => PolicyTexts.Session(),
        "service" => PolicyTexts.Service("logging.s3.amazonaws.com"),
        "other" => PolicyTexts.User(account: PolicyTexts.OtherAccount),
        "federated" => new PolicyPrincipal { Kind = PolicyPrincipalKind.Federated, AccountId = "", Arn = "", UserId = "x", Provider = "cognito-identity.amazonaws.com" },
        _ => PolicyTexts.User(who),
    };

    private static bool AllowedBy(string statements, PolicyRequest? request = null) =>
        PolicyEvaluator.Evaluate(new PolicySet { Identity = [PolicyTexts.Identity(statements)] }, request ?? PolicyTexts.Request()).IsAllowed;
}
