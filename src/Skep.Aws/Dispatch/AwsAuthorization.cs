using System.Collections.Frozen;
using Skep.Aws.Protocol;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;

namespace Skep.Aws.Dispatch;

/// <summary>
/// The one place where AWS requests are authorized. An operation is put in the resource model's words (which verb, on
/// which kind), so that one rule decides for every dialect.
/// </summary>
internal sealed class AwsAuthorization(IAuthorizer authorizer)
{
    /// <summary>The path that stands for what no kind stands for: regions, zones, account attributes.</summary>
    private const string Path = "/aws";

    private static readonly FrozenDictionary<string, GroupResource> _kinds = new Dictionary<string, GroupResource>(StringComparer.Ordinal)
    {
        ["InstanceTypes"] = ComputeKinds.Instance.GroupResource,
        ["InstanceTypeOfferings"] = ComputeKinds.Instance.GroupResource,
        ["Instance"] = ComputeKinds.Instance.GroupResource,
        ["ConsoleOutput"] = ComputeKinds.Instance.GroupResource,
        ["PasswordData"] = ComputeKinds.Instance.GroupResource,
        ["Tags"] = ComputeKinds.Instance.GroupResource,
        ["Image"] = ComputeKinds.Image.GroupResource,
        ["KeyPair"] = ComputeKinds.KeyPair.GroupResource,
        ["ChangedBlocks"] = StorageKinds.Snapshot.GroupResource,
        ["Snapshot"] = StorageKinds.Snapshot.GroupResource,
        ["Volume"] = StorageKinds.Volume.GroupResource,
        ["Vpc"] = NetworkingKinds.Vpc.GroupResource,
        ["Subnet"] = NetworkingKinds.Subnet.GroupResource,
        ["SecurityGroup"] = NetworkingKinds.SecurityGroup.GroupResource,
        ["NetworkInterface"] = NetworkingKinds.NetworkInterface.GroupResource,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Requires that the caller may do an operation. Requests reach only the caller's own account.</summary>
    /// <exception cref="AwsException">UnauthorizedOperation or AccessDenied.</exception>
    public void Require(ServedOperation operation, Structure request, AwsCall call)
    {
        // As in AWS, everybody may ask who they are; it is how clients find out what is wrong with their rights.
        if (operation.Name == "GetCallerIdentity")
            return;
        var asked = Translate(operation, request, call);
        if (!authorizer.Authorize(call.Principal, asked).IsAllowed)
            throw AwsErrors.Denied(operation.Service, call.Principal, asked.Action!);
    }

    private static AuthorizationRequest Translate(ServedOperation operation, Structure request, AwsCall call)
    {
        var (verb, noun) = Split(operation.Name);
        var kind = KindOf(noun);
        // User data holds passwords more often than not, so it takes the right to read secrets.
        if (request.Shape.Find("Attribute") is { } attribute && request.Slots[attribute.Slot] is "userData")
            kind = CoreKinds.Secret.GroupResource;
        return new AuthorizationRequest
        {
            Verb = verb,
            Action = $"{operation.Service.Name}:{operation.Name}",
            Resource = kind,
            Subresource = noun switch
            {
                "ConsoleOutput" or "PasswordData" => "console",
                "SnapshotBlock" => "blocks", // the disk's content, not what is known of it
                _ => null,
            },
            Namespace = call.Namespace,
            Path = kind is null ? Path : null,
        };
    }

    /// <summary>DescribeInstances is to list Instances; what only sounds like reading is not in this list.</summary>
    private static (string Verb, string Noun) Split(string operation)
    {
        foreach (var prefix in (ReadOnlySpan<string>)["Describe", "List", "Get"])
        {
            if (operation.StartsWith(prefix, StringComparison.Ordinal))
                return ("list", operation[prefix.Length..]);
        }

        var noun = operation.AsSpan(1).IndexOfAnyInRange('A', 'Z') is >= 0 and var at ? operation[(at + 1)..] : operation;
        return operation[..^noun.Length] switch
        {
            "Start" when noun == "Snapshot" => ("create", noun),
            "Run" or "Create" or "Import" or "Register" or "Allocate" or "Copy" => ("create", noun),
            "Delete" or "Terminate" or "Deregister" or "Release" => ("delete", noun),
            _ => ("update", noun),
        };
    }

    /// <summary>"Instances", "InstanceStatus" and "InstanceAttribute" are about instances: the longest row that fits.</summary>
    private static GroupResource? KindOf(string noun)
    {
        var key = _kinds.Keys.Where(k => noun.StartsWith(k, StringComparison.Ordinal)).MaxBy(k => k.Length);
        return key is null ? null : _kinds[key];
    }
}
