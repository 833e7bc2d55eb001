using Skep.Core.Identity;

namespace Skep.Core.Resources;

/// <summary>The kinds every Skep has: Kubernetes' own that the platform relies on, and identity.</summary>
public static class CoreKinds
{
    /// <summary>A project: a Kubernetes namespace and, through its <see cref="Account"/>, an AWS account.</summary>
    public static readonly Kind<Namespace> Namespace = new(CoreJson.Default.Namespace)
    {
        Group = "", Name = "Namespace", Plural = "namespaces", ShortNames = ["ns"], Scope = ResourceScope.Cluster,
        Description = "A project: the scope of names, of access and, through its Account, an AWS account.",
        Columns = [new("Status", "status.phase")],
        SelectableFields = ["status.phase"],
        Default = static n =>
        {
            n.Status ??= new NamespaceStatus();
            // Content goes before its namespace: NamespaceReconciler takes the finalizer away when there is none left.
            if (n.Metadata.DeletionTimestamp is null && n.Metadata.Finalizers?.Contains(Reconcile.NamespaceReconciler.Finalizer) is not true)
                (n.Metadata.Finalizers ??= []).Add(Reconcile.NamespaceReconciler.Finalizer);
        },
    };

    /// <summary>A machine that runs instances and pods.</summary>
    public static readonly Kind<Node> Node = new(CoreJson.Default.Node)
    {
        Group = "", Name = "Node", Plural = "nodes", ShortNames = ["no"], Scope = ResourceScope.Cluster,
        Description = "A machine that runs instances and pods.",
        Columns =
        [
            new("Status", "status.phase"), new("CPU", "status.capacity.cpu"), new("Memory", "status.capacity.memory"),
            new("Internal-IP", "status.addresses[0].address", Wide: true), new("Kernel-Version", "status.nodeInfo.kernelVersion", Wide: true),
            new("OS-Image", "status.nodeInfo.osImage", Wide: true),
        ],
        SelectableFields = ["spec.unschedulable"],
    };

    /// <summary>A small secret; its document is encrypted at rest.</summary>
    public static readonly Kind<Secret> Secret = new(CoreJson.Default.Secret)
    {
        Group = "", Name = "Secret", Plural = "secrets", IsSensitive = true, HasStatus = false,
        Description = "Small confidential data, encrypted at rest.",
        Columns = [new("Type", "type")],
        SelectableFields = ["type"],
        Default = static s =>
        {
            s.Type ??= "Opaque";
            if (s.StringData is null)
                return;
            s.Data ??= [];
            foreach (var (key, value) in s.StringData)
                s.Data[key] = System.Text.Encoding.UTF8.GetBytes(value);
            s.StringData = null;
        },
    };

    /// <summary>Small configuration for programs.</summary>
    public static readonly Kind<ConfigMap> ConfigMap = new(CoreJson.Default.ConfigMap)
    {
        Group = "", Name = "ConfigMap", Plural = "configmaps", ShortNames = ["cm"], HasStatus = false,
        Description = "Small configuration for programs.",
    };

    /// <summary>Something that happened to a resource.</summary>
    public static readonly Kind<Event> Event = new(CoreJson.Default.Event)
    {
        Group = "", Name = "Event", Plural = "events", ShortNames = ["ev"], HasStatus = false,
        Description = "Something that happened to a resource.",
        Columns =
        [
            new("Last-Seen", "lastTimestamp", "date"), new("Type", "type"), new("Reason", "reason"),
            new("Object", "involvedObject.name"), new("Message", "message"),
        ],
        SelectableFields =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "type",
        ],
    };

    /// <summary>An AWS account: a 12-digit id and the namespace it maps to.</summary>
    public static readonly Kind<Account> Account = new(CoreJson.Default.Account)
    {
        Group = "iam.skep.dev", Name = "Account", Plural = "accounts", Scope = ResourceScope.Cluster, HasStatus = false,
        Description = "An AWS account and the namespace that holds its resources.",
        Columns = [new("Account-Id", "spec.accountId"), new("Namespace", "spec.namespace")],
    };

    /// <summary>A person or program that may sign in.</summary>
    public static readonly Kind<User> User = new(CoreJson.Default.User)
    {
        Group = "iam.skep.dev", Name = "User", Plural = "users", HasStatus = false,
        Description = "A person or program with credentials.",
        Columns = [new("User-Id", "spec.userId"), new("Arn", "spec.arn")],
    };

    /// <summary>An AWS access key; the document holds the secret key and is encrypted at rest.</summary>
    public static readonly Kind<AccessKey> AccessKey = new(CoreJson.Default.AccessKey)
    {
        Group = "iam.skep.dev", Name = "AccessKey", Plural = "accesskeys", Scope = ResourceScope.Cluster, IsSensitive = true, HasStatus = false,
        Description = "An AWS access key of a user.",
        Columns = [new("User", "spec.userName"), new("State", "spec.state")],
    };

    /// <summary>A bearer token; only its hash is stored.</summary>
    public static readonly Kind<Token> Token = new(CoreJson.Default.Token)
    {
        Group = "iam.skep.dev", Name = "Token", Plural = "tokens", Scope = ResourceScope.Cluster, IsSensitive = true, HasStatus = false,
        Description = "A bearer token of a user; only its hash is stored.",
        Columns = [new("User", "spec.userName"), new("Expires", "spec.expires", "date")],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Namespace, Node, Secret, ConfigMap, Event, Account, User, AccessKey, Token];
}
