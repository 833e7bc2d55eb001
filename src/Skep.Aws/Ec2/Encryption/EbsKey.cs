using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Identity;

namespace Skep.Aws.Ec2.Encryption;

/// <summary>
/// The one KMS key there is in a region of an account, as EC2 names it: what clients know as alias/aws/ebs. It stands for
/// the key ring of the node, which wraps the volumes' own keys; its id follows from account and region, so it is the same
/// wherever and whenever it is asked for.
/// </summary>
internal static class EbsKey
{
    /// <summary>The alias of the key that AWS manages for EBS.</summary>
    public const string Alias = "alias/aws/ebs";

    /// <summary>The key's ARN.</summary>
    public static string Arn(AwsCall call) => $"{Prefix(call)}key/{IdOf(call)}";

    /// <summary>The ARN of a key that a request names by id, alias, or the ARN of either.</summary>
    /// <exception cref="AwsException">InvalidParameterValue: there is no such key.</exception>
    public static string Require(AwsCall call, string name) => Find(call, name) ?? throw Ec2Errors.InvalidValue("KmsKeyId", name, Unknown(call));

    /// <summary>The same; null when there is no such key.</summary>
    public static string? Find(AwsCall call, string name)
    {
        var local = name.StartsWith(Prefix(call), StringComparison.Ordinal) ? name[Prefix(call).Length..] : name;
        var id = IdOf(call);
        return local == Alias || local == id || local == $"key/{id}" ? Arn(call) : null;
    }

    /// <summary>Says of a key that it does not exist, and which one does.</summary>
    public static string Unknown(AwsCall call) => $"the key does not exist in this account and region; there is {Alias} ({Arn(call)})";

    private static string Prefix(AwsCall call) => $"arn:aws:kms:{call.Region}:{call.AccountId}:";

    private static string IdOf(AwsCall call) => ManagedKey.IdOf(Alias, call.AccountId, call.Region);
}
