using System.Security.Cryptography;
using Skep.Core.Identity.Policies;

namespace Skep.Core.Tests.Identity.Policies;

/// <summary>How policies are put together, as "Policy evaluation logic" of the IAM user guide tells it.</summary>
public sealed class PolicyEvaluatorTests
{
    private const string ToAlice = """{"AWS":"arn:aws:iam::111122223333:user/alice"}""";
    private const string ToRole = """{"AWS":"arn:aws:iam::111122223333:role/builder"}""";
    private const string ToSession = """{"AWS":"arn:aws:sts::111122223333:assumed-role/builder/job"}""";
    private const string ToAccount = """{"AWS":"111122223333"}""";
    private const string ToOther = """{"AWS":"444455556666"}""";

    private static readonly Policy _allow = PolicyTexts.Identity(PolicyTexts.Allow());
    private static readonly Policy _deny = PolicyTexts.Identity(PolicyTexts.Deny());
    private static readonly Policy _elsewhere = PolicyTexts.Identity(PolicyTexts.Allow("ec2:*"));

    /// <summary>Who, identity, resource (to whom), boundary, session, outcome, source.</summary>
    public static TheoryData<string, string, string?, string, string, PolicyOutcome, PolicySource> Table => new()
    {
        { "alice", "", null, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "alice", "allow", null, "", "", PolicyOutcome.Allow, PolicySource.Identity },
        { "alice", "elsewhere", null, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "alice", "", ToAlice, "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "alice", "", "\"*\"", "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "alice", "", ToAccount, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "alice", "allow", ToAccount, "", "", PolicyOutcome.Allow, PolicySource.Identity },
        { "alice", "deny", ToAlice, "", "", PolicyOutcome.ExplicitDeny, PolicySource.Identity },
        // A boundary limits what the user's own policies give, and not what a resource gives to the user by name.
        { "alice", "allow", null, "allow", "", PolicyOutcome.Allow, PolicySource.Identity },
        { "alice", "allow", null, "elsewhere", "", PolicyOutcome.ImplicitDeny, PolicySource.Boundary },
        { "alice", "", null, "allow", "", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "alice", "", ToAlice, "elsewhere", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "alice", "", ToAlice, "deny", "", PolicyOutcome.ExplicitDeny, PolicySource.Boundary },
        // What a role is given, its boundary and the session's policies limit; not what the session itself is given.
        { "session", "allow", null, "", "allow", PolicyOutcome.Allow, PolicySource.Identity },
        { "session", "allow", null, "", "elsewhere", PolicyOutcome.ImplicitDeny, PolicySource.Session },
        { "session", "", ToRole, "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "session", "", ToRole, "", "elsewhere", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "session", "allow", ToRole, "elsewhere", "", PolicyOutcome.ImplicitDeny, PolicySource.Boundary },
        { "session", "", ToSession, "elsewhere", "elsewhere", PolicyOutcome.Allow, PolicySource.Resource },
        { "session", "allow", ToSession, "", "deny", PolicyOutcome.ExplicitDeny, PolicySource.Session },
        // Across accounts both sides must allow.
        { "other", "allow", null, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Resource },
        { "other", "", ToOther, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Identity },
        { "other", "allow", ToOther, "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "other", "allow", "\"*\"", "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "other", "allow", ToOther, "elsewhere", "", PolicyOutcome.ImplicitDeny, PolicySource.Boundary },
        { "other", "allow", ToOther, "", "elsewhere", PolicyOutcome.ImplicitDeny, PolicySource.Session },
        { "other", "deny", ToOther, "", "", PolicyOutcome.ExplicitDeny, PolicySource.Identity },
        // Nobody and services have only the resource's policy; the root of the account needs none.
        { "anonymous", "", null, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Resource },
        { "anonymous", "", "\"*\"", "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "anonymous", "", ToAccount, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Resource },
        { "service", "", """{"Service":"logging.s3.amazonaws.com"}""", "", "", PolicyOutcome.Allow, PolicySource.Resource },
        { "root", "", null, "", "", PolicyOutcome.Allow, PolicySource.Identity },
        { "otherroot", "", null, "", "", PolicyOutcome.ImplicitDeny, PolicySource.Resource },
        { "otherroot", "", ToOther, "", "", PolicyOutcome.Allow, PolicySource.Resource },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Policies_are_put_together(string who, string identity, string? resource, string boundary, string session, PolicyOutcome outcome, PolicySource source)
    {
        var decision = PolicyEvaluator.Evaluate(
            new PolicySet
            {
                Identity = [.. Named(identity)],
                Resource = resource is null ? null : PolicyTexts.Bucket(PolicyTexts.Allow(more: PolicyTexts.Principal(resource))),
                Boundary = Named(boundary).SingleOrDefault(),
                Session = [.. Named(session)],
            },
            PolicyTexts.Request(Who(who)));
        Assert.Equal((outcome, source), (decision.Outcome, decision.Source));
        Assert.Equal(outcome is PolicyOutcome.ImplicitDeny || who == "root", decision.Statement is null);
    }

    [Fact]
    public void A_decision_names_the_statement_for_the_audit_log()
    {
        var policy = PolicyTexts.Bucket(
            $"{PolicyTexts.Allow("s3:PutObject", more: PolicyTexts.Principal("\"*\""))}," +
            $"{PolicyTexts.Allow("s3:Get*", more: PolicyTexts.Principal("\"*\"") + ""","Sid":"Read" """)}," +
            PolicyTexts.Deny(more: PolicyTexts.Principal("\"*\"") + ""","Sid":"NoHttp" """ + PolicyTexts.When("Bool", "aws:SecureTransport", "false")));
        var set = new PolicySet { Resource = policy };
        Assert.Equal("allowed by the resource policy, statement 1 (Read)", PolicyEvaluator.Evaluate(set, PolicyTexts.Request().With("aws:SecureTransport", "true")).Reason);
        Assert.Equal("an explicit deny in the resource policy, statement 2 (NoHttp)", PolicyEvaluator.Evaluate(set, PolicyTexts.Request().With("aws:SecureTransport", "false")).Reason);
        Assert.Equal("no identity policy allows it", PolicyEvaluator.Evaluate(set, PolicyTexts.Request(action: "s3:DeleteObject")).Reason);
        Assert.Equal("allowed by the resource policy, statement 0", PolicyEvaluator.Evaluate(set, PolicyTexts.Request(action: "s3:PutObject")).Reason);
    }

    [Fact]
    public void Masters_may_do_everything_and_others_nothing_of_themselves()
    {
        var alice = new Skep.Core.Identity.Principal("alice", PolicyTexts.Account, "default", PolicyTexts.Alice, "AIDA", []);
        Assert.Empty(BuiltInPolicies.Of(alice));
        var master = alice with { Groups = [Skep.Core.Identity.Principal.MastersGroup] };
        Assert.True(PolicyEvaluator.Evaluate(new PolicySet { Identity = BuiltInPolicies.Of(master) }, PolicyTexts.Request(PolicyPrincipal.Of(master))).IsAllowed);
    }

    [Fact]
    public void A_deny_always_wins_and_an_allow_never_takes_away()
    {
        var random = Seeded();
        var counts = new int[3];
        for (var round = 0; round < 5_000; round++)
        {
            var set = RandomSet(random);
            var request = RandomRequest(random);
            var before = PolicyEvaluator.Evaluate(set, request);
            counts[(int)before.Outcome]++;

            // One more policy that denies this very request, anywhere.
            var deny = $$"""{"Effect":"Deny","Action":"{{request.Action}}","Resource":"{{request.Resource}}"}""";
            var identity = PolicyTexts.Identity(deny);
            var resource = PolicyTexts.Bucket(deny[..^1] + ""","Principal":"*"}""");
            PolicySet[] denied =
            [
                set with { Identity = [.. set.Identity, identity] }, set with { Session = [identity, .. set.Session] },
                set with { Boundary = identity }, set with { Resource = resource },
            ];
            Assert.All(denied, s => Assert.Equal(PolicyOutcome.ExplicitDeny, PolicyEvaluator.Evaluate(s, request).Outcome));

            // One more policy that allows something.
            var more = PolicyTexts.Identity(RandomStatement(random, "Allow", principal: null));
            var after = PolicyEvaluator.Evaluate(set with { Identity = [.. set.Identity, more] }, request);
            Assert.True(after.Outcome == before.Outcome || (before.Outcome, after.Outcome) == (PolicyOutcome.ImplicitDeny, PolicyOutcome.Allow));

            // Limits allow nothing.
            var limited = PolicyEvaluator.Evaluate(set with { Session = [.. set.Session.Count == 0 ? [more] : set.Session], Boundary = set.Boundary ?? more }, request);
            Assert.False(limited.IsAllowed && !before.IsAllowed);
        }

        // The rounds mean something only if all outcomes are among them.
        Assert.All(counts, c => Assert.InRange(c, 100, 4_900));
    }

    private static IEnumerable<Policy> Named(string name) => name switch
    {
        "allow" => [_allow],
        "deny" => [_deny],
        "elsewhere" => [_elsewhere],
        _ => [],
    };

    private static PolicyPrincipal Who(string who) => who switch
    {
        "session" => PolicyTexts.Session(),
        "other" => PolicyTexts.User(account: PolicyTexts.OtherAccount),
        "anonymous" => PolicyPrincipal.Anonymous,
        "service" => PolicyTexts.Service("logging.s3.amazonaws.com"),
        "root" => PolicyTexts.Root(),
        "otherroot" => PolicyTexts.Root(PolicyTexts.OtherAccount),
        _ => PolicyTexts.User(who),
    };

    private static PolicySet RandomSet(Random random) => new()
    {
        Identity = [.. Enumerable.Range(0, random.Next(3)).Select(_ => RandomPolicy(random))],
        Resource = random.Next(3) == 0 ? null : PolicyTexts.Bucket(RandomStatements(random, isResource: true)),
        Boundary = random.Next(3) == 0 ? RandomPolicy(random) : null,
        Session = [.. Enumerable.Range(0, random.Next(8) == 0 ? 1 : 0).Select(_ => RandomPolicy(random))],
    };

    private static Policy RandomPolicy(Random random) => PolicyTexts.Identity(RandomStatements(random, isResource: false));

    private static string RandomStatements(Random random, bool isResource) => string.Join(
        ',',
        Enumerable.Range(0, 1 + random.Next(3)).Select(_ => RandomStatement(
            random, random.Next(5) == 0 ? "Deny" : "Allow", isResource ? Pick(random, "\"*\"", ToAlice, ToRole, ToSession, ToAccount, ToOther) : null)));

    private static string RandomStatement(Random random, string effect, string? principal)
    {
        var action = Pick(random, "*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject");
        var resource = Pick(random, "*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/home/${aws:username}/*", "arn:aws:s3:::bucket/other");
        var condition = random.Next(4) == 0 ? PolicyTexts.When(Pick(random, "StringEquals", "StringNotEquals", "StringLike"), "x:k", Pick(random, "\"a\"", "\"b*\"")) : "";
        var not = random.Next(8) == 0 ? "Not" : "";
        return $$"""{"Effect":"{{effect}}","{{not}}Action":"{{action}}","Resource":"{{resource}}"{{condition}}{{(principal is null ? "" : PolicyTexts.Principal(principal))}}}""";
    }

    private static PolicyRequest RandomRequest(Random random)
    {
        var request = PolicyTexts.Request(
            Who(Pick(random, "alice", "bob", "session", "other", "anonymous", "root")),
            Pick(random, "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
            Pick(random, PolicyTexts.Object, "arn:aws:s3:::bucket/other", "arn:aws:s3:::bucket"));
        return random.Next(2) == 0 ? request : request.With("x:k", Pick(random, "a", "bc"));
    }

    private static string Pick(Random random, params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];

    private static Random Seeded()
    {
        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
