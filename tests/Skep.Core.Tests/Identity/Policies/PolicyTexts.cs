using System.Text;
using Skep.Core.Identity.Policies;

namespace Skep.Core.Tests.Identity.Policies;

/// <summary>Short ways to policies and requests.</summary>
internal static class PolicyTexts
{
    public const string Account = "111122223333";
    public const string OtherAccount = "444455556666";
    public const string Alice = "arn:aws:iam::111122223333:user/alice";
    public const string Object = "arn:aws:s3:::bucket/home/alice/file";

    public static Policy Bucket(string statements) => Policy.Parse(Encoding.UTF8.GetBytes(Document(statements)), PolicyRules.Bucket("bucket"));

    public static Policy Identity(string statements) => Policy.Parse(Encoding.UTF8.GetBytes(Document(statements)), PolicyRules.Identity);

    public static string Document(string statements) => $$"""{"Version":"2012-10-17","Statement":[{{statements}}]}""";

    public static string Allow(string action = "s3:*", string resource = "*", string more = "") =>
        $$"""{"Effect":"Allow","Action":"{{action}}","Resource":"{{resource}}"{{more}}}""";

    public static string Deny(string action = "s3:*", string resource = "*", string more = "") =>
        $$"""{"Effect":"Deny","Action":"{{action}}","Resource":"{{resource}}"{{more}}}""";

    public static string When(string op, string key, string json) => $$$""","Condition":{"{{{op}}}":{"{{{key}}}":{{{json}}} } }""";

    public static string Principal(string principal) => $$""","Principal":{{principal}}""";

    public static PolicyPrincipal User(string name = "alice", string account = Account) => new()
    {
        Kind = PolicyPrincipalKind.User, AccountId = account, Arn = $"arn:aws:iam::{account}:user/{name}", UserId = $"AIDA{name.ToUpperInvariant()}00000000000", UserName = name,
        AccountName = account == Account ? "blue" : "red",
        Tags = new Dictionary<string, string> { ["Team"] = "blue", ["Odd"] = "*" },
    };

    public static PolicyPrincipal Session(string role = "builder", string session = "job", string account = Account) => new()
    {
        Kind = PolicyPrincipalKind.AssumedRole, AccountId = account, Arn = $"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        RoleArn = $"arn:aws:iam::{account}:role/{role}", UserId = $"AROABUILDER000000000:{session}",
    };

    public static PolicyPrincipal Root(string account = Account) => new()
    {
        Kind = PolicyPrincipalKind.Root, AccountId = account, Arn = $"arn:aws:iam::{account}:root", UserId = account, CanonicalUserId = "c0ffee",
        AccountName = account == Account ? "blue" : "red",
    };

    public static PolicyPrincipal Service(string name) => new() { Kind = PolicyPrincipalKind.Service, AccountId = "", Arn = name, UserId = name };

    public static PolicyRequest Request(PolicyPrincipal? principal = null, string action = "s3:GetObject", string resource = Object) => new()
    {
        Principal = principal ?? User(),
        Action = action,
        Resource = resource,
        ResourceAccount = Account,
        Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
    };
}
