using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.KeyPairs;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists key pairs.</summary>
internal sealed class DescribeKeyPairs : DescribeOperation<DescribeKeyPairsRequest, DescribeKeyPairsResult, KeyPairInfo>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<KeyPairInfo>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<KeyPairInfo>>(StringComparer.Ordinal)
        {
            ["fingerprint"] = (k, _) => [k.KeyFingerprint],
        };

    /// <inheritdoc/>
    protected override IEnumerable<KeyPairInfo> Items(DescribeKeyPairsRequest request, AwsCall call, string? after)
    {
        foreach (var name in request.KeyNames ?? [])
        {
            if (KeyPairStore.FindByName(call, name) is null)
                throw Ec2Errors.KeyPairNotFound(name);
        }

        return Selection.Of(call, ComputeKinds.KeyPair, request.KeyPairIds, after, ids => Ec2Errors.KeyPairNotFound(ids[0]))
            .Where(k => request.KeyNames is null or { Count: 0 } || request.KeyNames.Contains(k.Spec.KeyName))
            .Select(k => new KeyPairInfo
            {
                KeyPairId = k.Metadata.Name,
                KeyName = k.Spec.KeyName,
                KeyType = k.Spec.KeyType,
                KeyFingerprint = k.Spec.Fingerprint,
                PublicKey = request.IncludePublicKey is true ? k.Spec.PublicKey : null,
                CreateTime = k.Metadata.CreationTimestamp,
                Tags = Tagging.ToWire(k.Spec.Tags),
            });
    }

    /// <inheritdoc/>
    protected override string KeyOf(KeyPairInfo item) => item.KeyPairId!;

    /// <inheritdoc/>
    protected override DescribeKeyPairsResult Respond(List<KeyPairInfo> items, AwsCall call) => new() { KeyPairs = items };
}
