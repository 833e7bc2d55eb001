namespace Skep.Cli.Client;

/// <summary>A kind as the server's discovery describes it.</summary>
/// <param name="Group">"" for the core group.</param>
/// <param name="Version">"v1".</param>
/// <param name="Plural">The name in paths.</param>
/// <param name="Kind">The name in documents.</param>
/// <param name="IsNamespaced">Whether its resources live in a namespace.</param>
internal sealed record ApiResource(string Group, string Version, string Plural, string Kind, bool IsNamespaced)
{
    /// <summary>Virtual machines.</summary>
    public static readonly ApiResource Instances = new("compute.skep.dev", "v1", "instances", "Instance", IsNamespaced: true);

    /// <summary>Disk images.</summary>
    public static readonly ApiResource Images = new("compute.skep.dev", "v1", "images", "Image", IsNamespaced: true);

    /// <summary>The making of images.</summary>
    public static readonly ApiResource ImageImports = new("compute.skep.dev", "v1", "imageimports", "ImageImport", IsNamespaced: true);

    /// <summary>Disks.</summary>
    public static readonly ApiResource Volumes = new("storage.skep.dev", "v1", "volumes", "Volume", IsNamespaced: true);

    /// <summary>Volumes' contents at points in time.</summary>
    public static readonly ApiResource Snapshots = new("storage.skep.dev", "v1", "snapshots", "Snapshot", IsNamespaced: true);

    /// <summary>Readings of snapshots, to find damage.</summary>
    public static readonly ApiResource SnapshotVerifications = new("storage.skep.dev", "v1", "snapshotverifications", "SnapshotVerification", IsNamespaced: true);

    /// <summary>Keys that objects can be encrypted under.</summary>
    public static readonly ApiResource EncryptionKeys = new("storage.skep.dev", "v1", "encryptionkeys", "EncryptionKey", IsNamespaced: true);

    /// <summary>Places for volumes.</summary>
    public static readonly ApiResource StoragePools = new("storage.skep.dev", "v1", "storagepools", "StoragePool", IsNamespaced: false);

    /// <summary>SSH public keys.</summary>
    public static readonly ApiResource KeyPairs = new("compute.skep.dev", "v1", "keypairs", "KeyPair", IsNamespaced: true);

    /// <summary>Sizes of instances.</summary>
    public static readonly ApiResource InstanceTypes = new("compute.skep.dev", "v1", "instancetypes", "InstanceType", IsNamespaced: false);

    /// <summary>Projects.</summary>
    public static readonly ApiResource Namespaces = new("", "v1", "namespaces", "Namespace", IsNamespaced: false);

    /// <summary>AWS accounts.</summary>
    public static readonly ApiResource Accounts = new("iam.skep.dev", "v1", "accounts", "Account", IsNamespaced: false);

    /// <summary>Users.</summary>
    public static readonly ApiResource Users = new("iam.skep.dev", "v1", "users", "User", IsNamespaced: true);

    /// <summary>AWS access keys.</summary>
    public static readonly ApiResource AccessKeys = new("iam.skep.dev", "v1", "accesskeys", "AccessKey", IsNamespaced: false);

    /// <summary>Events of the core group.</summary>
    public static readonly ApiResource Events = new("", "v1", "events", "Event", IsNamespaced: true);

    /// <summary>Destinations of S3 buckets' notifications.</summary>
    public static readonly ApiResource Topics = new("s3.skep.dev", "v1", "topics", "Topic", IsNamespaced: true);

    /// <summary>Limits of what S3 buckets hold.</summary>
    public static readonly ApiResource ObjectQuotas = new("s3.skep.dev", "v1", "objectquotas", "ObjectQuota", IsNamespaced: true);

    /// <summary>Lower-case singular.</summary>
    public string Singular { get => field ?? Kind.ToLowerInvariant(); init; }

    /// <summary>Abbreviations.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>What can be done with it: get, list, watch, …</summary>
    public IReadOnlyList<string> Verbs { get; init; } = [];

    /// <summary>"compute.skep.dev/v1", or "v1" in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The name used in messages: "instance.compute.skep.dev".</summary>
    public string SingularName => Group.Length == 0 ? Singular : $"{Singular}.{Group}";

    /// <summary>
    /// The path of all resources, or of one. <paramref name="ns"/> null means every namespace.
    /// </summary>
    public string Path(string? ns, string? name = null)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        var scope = IsNamespaced && ns is not null ? $"/namespaces/{Uri.EscapeDataString(ns)}" : "";
        var item = name is null ? "" : $"/{Uri.EscapeDataString(name)}";
        return $"{root}{scope}/{Plural}{item}";
    }

    /// <summary>Whether a user's word means this kind: plural, singular, kind, short name, with or without the group.</summary>
    public bool Answers(string word)
    {
        var name = word;
        if (word.IndexOf('.') is > 0 and var dot)
        {
            if (!string.Equals(word[(dot + 1)..], Group, StringComparison.OrdinalIgnoreCase))
                return false;
            name = word[..dot];
        }

        return Same(name, Plural) || Same(name, Singular) || Same(name, Kind) || (name == word && ShortNames.Any(s => Same(name, s)));

        static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
    }
}
