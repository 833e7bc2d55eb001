using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Ec2.Tags;

/// <summary>A kind of resource that can be tagged: the prefix of its ids, EC2's name of it, and where its tags are.</summary>
internal abstract class TaggedKind(string prefix, string resourceType)
{
    /// <summary>Every kind that has tags, in the order of EC2's resource types.</summary>
    public static IReadOnlyList<TaggedKind> All { get; } =
    [
        new Of<ImageResource>("ami", "image", ComputeKinds.Image, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<InstanceResource>("i", "instance", ComputeKinds.Instance, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<KeyPairResource>("key", "key-pair", ComputeKinds.KeyPair, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<NetworkInterfaceResource>("eni", "network-interface", NetworkingKinds.NetworkInterface, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<ReplaceRootVolumeTaskResource>("replacevol", "replace-root-volume-task", Kinds.AwsKinds.ReplaceRootVolumeTask, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<SecurityGroupResource>("sg", "security-group", NetworkingKinds.SecurityGroup, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<SnapshotResource>("snap", "snapshot", StorageKinds.Snapshot, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<SubnetResource>("subnet", "subnet", NetworkingKinds.Subnet, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<VolumeResource>("vol", "volume", StorageKinds.Volume, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
        new Of<VpcResource>("vpc", "vpc", NetworkingKinds.Vpc, r => r.Spec.Tags, (r, tags) => r.Spec.Tags = tags),
    ];

    /// <summary>EC2's name of the type, for example "instance".</summary>
    public string ResourceType { get; } = resourceType;

    /// <summary>The kind of a resource, by its id.</summary>
    /// <exception cref="AwsException">InvalidID: no kind has ids of this form.</exception>
    public static TaggedKind OfId(string id) =>
        All.FirstOrDefault(k => IdSyntax.IsId(k.Prefix, id)) ?? throw Ec2Errors.InvalidId(id);

    /// <summary>The account's resources of this kind in the region, with their tags.</summary>
    public abstract IEnumerable<(string Id, IReadOnlyDictionary<string, string> Tags)> List(AwsCall call);

    /// <summary>Changes one resource's tags in the call's transaction.</summary>
    /// <exception cref="AwsException">InvalidID: it does not exist.</exception>
    public abstract void Change(AwsCall call, string id, Action<Dictionary<string, string>> change);

    private string Prefix { get; } = prefix;

    private sealed class Of<T>(
        string prefix, string resourceType, Kind<T> kind, Func<T, Dictionary<string, string>?> get, Action<T, Dictionary<string, string>?> set)
        : TaggedKind(prefix, resourceType)
        where T : ResourceObject
    {
        private static readonly Dictionary<string, string> _none = [];

        public override IEnumerable<(string Id, IReadOnlyDictionary<string, string> Tags)> List(AwsCall call) =>
            call.List(kind, after: null).Select(r => (r.Metadata.Name, (IReadOnlyDictionary<string, string>)(get(r) ?? _none)));

        public override void Change(AwsCall call, string id, Action<Dictionary<string, string>> change)
        {
            var resource = call.Edit(kind, id) ?? throw Ec2Errors.InvalidId(id);
            call.Subjects.Add(id);
            var tags = get(resource) ?? new(StringComparer.Ordinal);
            change(tags);
            set(resource, tags.Count == 0 ? null : tags);
            call.Transaction.Update(kind, resource, WriteScope.Main);
        }
    }
}
