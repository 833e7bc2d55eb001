using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Identity.Bootstrap;

/// <summary>
/// The resources that every cloud starts with: the namespace "default", its account, the user "admin" and the admin's
/// credentials. Runs at every start and adds what is missing, in one transaction.
/// </summary>
public static class BootstrapResources
{
    /// <summary>The first user.</summary>
    public const string AdminName = "admin";

    /// <summary>The first namespace.</summary>
    public const string DefaultNamespace = "default";

    /// <summary>Marks the access key and token of <c>credentials.json</c>; those of an earlier file are taken away.</summary>
    private const string BootstrapLabel = "skep.dev/bootstrap";

    /// <summary>Brings the store to where every cloud starts.</summary>
    public static async Task EnsureAsync(ResourceClient resources, AdminCredentials credentials, CancellationToken ct)
    {
        var transaction = resources.Begin();
        var view = transaction.View;
        if (view.Get(CoreKinds.Namespace, "", DefaultNamespace) is null)
            transaction.Create(CoreKinds.Namespace, new Namespace { Metadata = { Name = DefaultNamespace } });
        if (view.Get(CoreKinds.Account, "", credentials.AccountId) is null)
        {
            transaction.Create(CoreKinds.Account, new Account
            {
                Metadata = { Name = credentials.AccountId },
                Spec = { AccountId = credentials.AccountId, Namespace = DefaultNamespace },
            });
        }

        if (view.Get(CoreKinds.User, DefaultNamespace, AdminName) is null)
        {
            transaction.Create(CoreKinds.User, new User
            {
                Metadata = { Name = AdminName, Namespace = DefaultNamespace },
                Spec =
                {
                    UserId = AdminCredentials.NewUniqueId("AIDA", resources.Ids),
                    Arn = $"arn:aws:iam::{credentials.AccountId}:user/{AdminName}",
                    Groups = [Principal.MastersGroup],
                },
            });
        }

        EnsureCredentials(transaction, credentials);
        await transaction.CommitAsync(ct);
    }

    private static void EnsureCredentials(ResourceTransaction transaction, AdminCredentials credentials)
    {
        var labels = new Dictionary<string, string> { [BootstrapLabel] = AdminName };
        var accessKey = IdentityDirectory.KeyOfAccessKey(credentials.AccessKeyId);
        var token = IdentityDirectory.KeyOfToken(credentials.Token);
        var earlier = transaction.View.List(CoreKinds.AccessKey.GroupResource, ns: null, after: null)
            .Concat(transaction.View.List(CoreKinds.Token.GroupResource, ns: null, after: null))
            .Where(r => r.Metadata.Labels?.GetValueOrDefault(BootstrapLabel) == AdminName && r.Key != accessKey && r.Key != token);
        foreach (var resource in earlier)
            transaction.Delete(resource.Key, DeleteOptions.Background);

        if (transaction.View.Get(accessKey) is null)
        {
            transaction.Create(CoreKinds.AccessKey, new AccessKey
            {
                Metadata = { Name = accessKey.Name, Labels = labels },
                Spec =
                {
                    AccessKeyId = credentials.AccessKeyId,
                    SecretAccessKey = credentials.SecretAccessKey,
                    Namespace = DefaultNamespace,
                    UserName = AdminName,
                },
            });
        }

        if (transaction.View.Get(token) is null)
        {
            transaction.Create(CoreKinds.Token, new Token
            {
                Metadata = { Name = token.Name, Labels = labels },
                Spec = { TokenSha256 = IdentityDirectory.HashOf(credentials.Token), Namespace = DefaultNamespace, UserName = AdminName },
            });
        }
    }
}
