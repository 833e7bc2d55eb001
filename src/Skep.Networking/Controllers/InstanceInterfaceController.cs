using System.Text.Json.Nodes;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Networking.Controllers;

/// <summary>
/// Gives an instance that was made without network interfaces (by <c>kubectl apply</c>) one in the default subnet of its
/// zone, and lets every instance's interfaces follow it to its node.
/// </summary>
internal sealed class InstanceInterfaceController(ResourceClient client, RegionDefaults defaults, SkepOptions options) : IReconciler
{
    private const string Terminated = "Terminated";

    /// <inheritdoc/>
    public string Name => "instance-interface";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches => [InstanceView.GroupResource];

    /// <inheritdoc/>
    public int Concurrency => 4;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key) is not { } instance || instance.Metadata.DeletionTimestamp is not null)
            return null;
        var spec = instance.View(ControllersJson.Default.InstanceView).Spec;
        if (spec.RunState == Terminated)
            return null;
        if (spec.NetworkInterfaces is { Count: > 0 } interfaces)
            await FollowAsync(key, interfaces, spec.NodeName, ct);
        else
            await GiveAsync(instance, spec, ct);
        return null;
    }

    private async Task GiveAsync(Resource instance, InstanceSpecView spec, CancellationToken ct)
    {
        var region = RegionOf(instance, spec);
        await defaults.EnsureAsync(instance.Key.Namespace, region, ct);
        var transaction = client.Begin();
        var vpc = RegionDefaults.FindVpc(transaction.View, instance.Key.Namespace, region)
            ?? throw Impossible(instance.Key, $"region {region} has no default VPC");
        var subnet = RegionDefaults.FindSubnet(transaction.View, vpc, spec.AvailabilityZone)
            ?? throw Impossible(instance.Key, $"zone \"{spec.AvailabilityZone}\" has no default subnet");
        var group = RegionDefaults.FindGroup(transaction.View, vpc.Key)
            ?? throw Impossible(instance.Key, $"VPC {vpc.Key.Name} has no security group \"{RegionDefaults.DefaultGroupName}\"");
        var added = new InterfaceBuilder(transaction, client.Ids).Add(
            subnet,
            address: null,
            new NetworkInterfaceSpec
            {
                Groups = [group.Key.Name],
                NodeName = spec.NodeName,
                Attachment = new NetworkInterfaceAttachment
                {
                    AttachmentId = client.Ids.NewAwsId("eni-attach"),
                    InstanceId = instance.Key.Name,
                    AttachTime = client.Time.GetUtcNow(),
                    DeleteOnTermination = true,
                },
            },
            new() { [InternalDns.RegionLabel] = region }) ?? throw Impossible(instance.Key, $"subnet {subnet.Key.Name} has no free address");

        // Based on the version that was read: when somebody else gives it interfaces at this moment, all of this fails.
        var document = ResourceDocument.ParseObject(instance.Json.Span);
        var wanted = document["spec"]!.AsObject();
        wanted["networkInterfaces"] = new JsonArray(new JsonObject
        {
            ["networkInterfaceId"] = added.Metadata.Name, ["deviceIndex"] = 0, ["deleteOnTermination"] = true,
        });
        if (string.IsNullOrEmpty(spec.AvailabilityZone))
            wanted["availabilityZone"] = added.Spec.AvailabilityZone;
        transaction.Update(client.Kinds[InstanceView.GroupResource], ResourceDocument.ToBytes(document), WriteScope.Main);
        await transaction.CommitAsync(ct);
    }

    private async Task FollowAsync(ResourceKey instance, List<InstanceInterfaceView> interfaces, string? nodeName, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(nodeName))
            return;
        foreach (var i in interfaces)
        {
            var key = NetworkingKinds.NetworkInterface.Key(instance.Namespace, i.NetworkInterfaceId);
            await client.ModifyAsync(NetworkingKinds.NetworkInterface, key, n =>
            {
                if (n.Spec.Attachment?.InstanceId != instance.Name || n.Spec.NodeName == nodeName || n.Metadata.DeletionTimestamp is not null)
                    return false;
                n.Spec.NodeName = nodeName;
                return true;
            }, ct);
        }
    }

    private string RegionOf(Resource instance, InstanceSpecView spec)
    {
        if (instance.Metadata.Labels?.GetValueOrDefault(InternalDns.RegionLabel) is { Length: > 0 } label)
            return label;
        // A zone is its region and a letter.
        return spec.AvailabilityZone is { Length: > 1 } zone && char.IsAsciiLetterLower(zone[^1]) ? zone[..^1] : options.Region;
    }

    private static ResourceException Impossible(ResourceKey instance, string why) =>
        new(ResourceError.Invalid, $"instance {instance.Name} gets no network interface: {why}") { Key = instance };
}
