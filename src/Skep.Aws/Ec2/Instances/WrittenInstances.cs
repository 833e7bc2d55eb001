using System.Collections.Concurrent;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Ec2.Instances;

/// <summary>
/// Instances as they are on the wire, kept from one listing to the next: clients list over and over what seldom changes,
/// and putting an instance together costs ten times as much as sending it. What is kept is used only while every resource
/// it was made from is the very same version, so it is never out of date. Thread-safe.
/// </summary>
internal sealed class WrittenInstances
{
    /// <summary>Instances kept; about 4 KB each. Beyond, instances are written anew for every listing.</summary>
    private const int CountMax = 10_000;

    /// <summary>Instances kept that may no longer exist, beside as many as there are.</summary>
    private const int StaleMax = 100;

    /// <summary>What many instances are made from. Seldom written; when it is, nothing that is kept holds any more.</summary>
    private static readonly GroupResource[] _shared =
        [ComputeKinds.Image.GroupResource, ComputeKinds.InstanceType.GroupResource, NetworkingKinds.SecurityGroup.GroupResource];

    private volatile Kept _kept = new([]);

    /// <summary>What is kept that holds for the state a call is answered from.</summary>
    public Page Begin(AwsCall call, InstanceMapper mapper)
    {
        var kept = _kept;
        var count = kept.Instances.Count;
        var shared = Array.ConvertAll(_shared, call.View.StateOf);
        if (!shared.AsSpan().SequenceEqual(kept.Shared) || count > (2 * call.View.Count(ComputeKinds.Instance.GroupResource)) + StaleMax)
            _kept = kept = new Kept(shared);
        return new Page(call, mapper, kept.Instances, canKeep: count < CountMax);
    }

    /// <summary>The part of one call.</summary>
    public sealed class Page(AwsCall call, InstanceMapper mapper, ConcurrentDictionary<Key, Entry> kept, bool canKeep)
    {
        /// <summary>An instance that has its id and is written already.</summary>
        public Instance Get(InstanceResource resource)
        {
            var id = resource.Metadata.Name;
            var key = new Key(call.AccountId, call.Region, ComputeKinds.Instance.Key(call.Namespace, id));
            if (!kept.TryGetValue(key, out var entry) || !entry.Holds(call.View))
            {
                entry = Write(key.Instance, resource);
                if (canKeep)
                    kept[key] = entry;
            }

            return new Instance { InstanceId = id, Written = entry.Xml };
        }

        private Entry Write(ResourceKey instance, InstanceResource resource)
        {
            using var xml = new XmlBuffer();
            ResponseWriter.Members(xml, mapper.Map(resource));
            ResourceKey[] keys =
            [
                instance,
                .. resource.Spec.NetworkInterfaces.Select(n => NetworkingKinds.NetworkInterface.Key(call.Namespace, n.NetworkInterfaceId)),
                .. resource.Spec.BlockDevices.Select(d => StorageKinds.Volume.Key(call.Namespace, d.VolumeId)),
            ];
            return new Entry(xml.Written.ToArray(), [.. keys.Select(k => (k, call.View.Get(k)))]);
        }
    }

    /// <summary>Who sees which instance: an instance without a region is seen from all.</summary>
    public readonly record struct Key(string AccountId, string Region, ResourceKey Instance);

    /// <summary>An instance on the wire and the versions of the resources it was made from.</summary>
    public sealed record Entry(byte[] Xml, (ResourceKey Key, Resource? Version)[] Parts)
    {
        /// <summary>Whether a state has the same versions.</summary>
        public bool Holds(View view)
        {
            foreach (var (key, version) in Parts)
            {
                if (!ReferenceEquals(view.Get(key), version))
                    return false;
            }

            return true;
        }
    }

    private sealed record Kept(object?[] Shared)
    {
        public ConcurrentDictionary<Key, Entry> Instances { get; } = new();
    }
}
