using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.S3;

namespace Skep.Cli.S3;

/// <summary>An account of the test suite, with its one user and the user's key.</summary>
internal sealed record TestAccount
{
    /// <summary>The sections of the configuration, each of an account of its own.</summary>
    public static IReadOnlyList<string> Sections { get; } = [MainSection, "s3 alt", "s3 tenant", "iam", "iam root", "iam alt root"];

    /// <summary>The section of the user that most tests are run as.</summary>
    public const string MainSection = "s3 main";

    private static readonly string[] _kmsKeyNames = ["testkey-1", "testkey-2"];

    private const string Label = "skep.dev/s3-test-config";
    private const string UserName = "tester";
    private const int KeyIdLength = 16;
    private const int SecretLength = 40;

    /// <summary>The first of the numbers; the others follow.</summary>
    private const long AccountNumber = 900_000_000_001;

    /// <summary>The section of the configuration.</summary>
    public required string Section { get; init; }

    /// <summary>The account's namespace, which S3 shows as its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its canonical user id.</summary>
    public required string UserId { get; init; }

    /// <summary>An address that grants may name.</summary>
    public required string Email { get; init; }

    /// <summary>The key.</summary>
    public required string AccessKeyId { get; init; }

    /// <summary>Its secret.</summary>
    public required string SecretAccessKey { get; init; }

    /// <summary>The ARNs of the KMS keys that it can encrypt under.</summary>
    public required IReadOnlyList<string> KmsKeyIds { get; init; }

    /// <summary>Makes what is missing.</summary>
    public static async Task<TestAccount> EnsureAsync(SkepClient client, IIdSource ids, string section, CancellationToken ct)
    {
        var name = section.Replace(' ', '-') + "-test";
        var accountId = (AccountNumber + Sections.ToList().IndexOf(section)).ToString();
        await EnsureAsync(client, ApiResource.Namespaces, ns: "", name, spec: null, ct);
        await EnsureAsync(client, ApiResource.Accounts, ns: "", accountId, new JsonObject { ["accountId"] = accountId, ["namespace"] = name }, ct);
        await EnsureAsync(
            client,
            ApiResource.Users,
            name,
            UserName,
            new JsonObject
            {
                ["userId"] = "AIDA" + ids.NewSuffix(KeyIdLength).ToUpperInvariant(),
                ["arn"] = $"arn:aws:iam::{accountId}:user/{UserName}",
                ["groups"] = new JsonArray(Principal.AccountAdministratorsGroup),
            },
            ct);
        var kmsKeys = section == MainSection ? _kmsKeyNames : [];
        foreach (var kmsKey in kmsKeys)
            await EnsureAsync(client, ApiResource.EncryptionKeys, name, kmsKey, new JsonObject { ["description"] = "of the test suite" }, ct);
        var key = await EnsureKeyAsync(client, ids, name, ct);
        return new TestAccount
        {
            Section = section,
            Name = name,
            UserId = CanonicalUserId.Of(accountId),
            Email = name + CanonicalUserId.EmailSuffix,
            AccessKeyId = key.TextAt("spec.accessKeyId")!,
            SecretAccessKey = key.TextAt("spec.secretAccessKey")!,
            KmsKeyIds = [.. kmsKeys.Select(k => $"arn:aws:kms:{client.Files.Region}:{accountId}:key/{k}")],
        };
    }

    private static async Task<JsonObject> EnsureKeyAsync(SkepClient client, IIdSource ids, string name, CancellationToken ct)
    {
        var known = await client.Resources.ListAsync(ApiResource.AccessKeys, ns: null, ListQuery.All, ct);
        if (known.ItemsAt("items").Select(i => i.AsObject()).FirstOrDefault(k => k.TextAt("spec.namespace") == name && (string?)k["metadata"]?["labels"]?[Label] == name) is { } found)
            return found;
        var id = "AKIA" + ids.NewSuffix(KeyIdLength).ToUpperInvariant();
        var document = Document(ApiResource.AccessKeys, ns: "", id.ToLowerInvariant(), new JsonObject
        {
            ["accessKeyId"] = id,
            ["secretAccessKey"] = ids.NewSuffix(SecretLength),
            ["namespace"] = name,
            ["userName"] = UserName,
        });
        document["metadata"]!["labels"] = new JsonObject { [Label] = name };
        return await client.Resources.CreateAsync(ApiResource.AccessKeys, ns: "", document, dryRun: false, ct);
    }

    private static async Task EnsureAsync(SkepClient client, ApiResource kind, string ns, string name, JsonObject? spec, CancellationToken ct)
    {
        if (await client.Resources.FindAsync(kind, ns, name, ct) is null)
            await client.Resources.CreateAsync(kind, ns, Document(kind, ns, name, spec), dryRun: false, ct);
    }

    private static JsonObject Document(ApiResource kind, string ns, string name, JsonObject? spec)
    {
        var document = new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind, ["metadata"] = new JsonObject { ["name"] = name } };
        if (ns.Length > 0)
            document["metadata"]!["namespace"] = ns;
        if (spec is not null)
            document["spec"] = spec;
        return document;
    }
}
