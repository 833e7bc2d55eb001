using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Kubernetes.Tests;

/// <summary>
/// The kinds of the rooms, with an Instance that has no rules of its own: what these tests create and change is theirs
/// to decide.
/// </summary>
internal static class PlainKinds
{
    public static readonly Kind<Instance> Instance = new(ComputeJson.Default.Instance)
    {
        Group = ComputeKinds.Instance.Group,
        Name = ComputeKinds.Instance.Name,
        Plural = ComputeKinds.Instance.Plural,
        ShortNames = ComputeKinds.Instance.ShortNames,
        Categories = ComputeKinds.Instance.Categories,
        Description = ComputeKinds.Instance.Description,
        SelectableFields = ComputeKinds.Instance.SelectableFields,
        Columns =
        [
            new("State", "status.state"), new("Type", "spec.instanceType"), new("Image", "spec.imageId"),
            new("Address", "status.privateIpAddress"), new("Node", "spec.nodeName", Wide: true),
            new("Key", "spec.keyName", Wide: true), new("Reason", "status.stateReason.message", Wide: true),
        ],
    };

    public static IEnumerable<Kind> All =>
        [Instance, .. ComputeKinds.All.Where(k => k != ComputeKinds.Instance), .. NetworkingKinds.All, .. StorageKinds.All];
}
