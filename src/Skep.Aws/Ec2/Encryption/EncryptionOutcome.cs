using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Encryption;

/// <summary>Whether something new is encrypted, and with which key.</summary>
/// <param name="IsEncrypted">Whether it is.</param>
/// <param name="KmsKeyId">The key's ARN; null when it is not.</param>
internal sealed record EncryptionOutcome(bool IsEncrypted, string? KmsKeyId)
{
    /// <summary>
    /// EBS' rules ("Encryption scenarios" of the EBS user guide): what derives from encrypted is encrypted; so is everything
    /// where encryption is the default, whatever the request says; and a key needs Encrypted.
    /// </summary>
    /// <param name="call">The request's account and region.</param>
    /// <param name="encrypted">What the request says.</param>
    /// <param name="kmsKeyId">The key that it names.</param>
    /// <param name="source">The snapshot that it is made of; null for none, or one that is not encrypted.</param>
    /// <param name="refuse">Makes the error for a wish that cannot be, from a sentence.</param>
    /// <exception cref="AwsException">InvalidParameterDependency, InvalidParameterValue, or what <paramref name="refuse"/> makes.</exception>
    public static EncryptionOutcome Decide(AwsCall call, bool? encrypted, string? kmsKeyId, SourceEncryption source, Func<string, AwsException> refuse)
    {
        if (kmsKeyId is not null && encrypted is not true)
            throw Ec2Errors.KeyNeedsEncrypted();
        if (source.IsEncrypted && encrypted is false)
            throw refuse($"Encrypted cannot be false: snapshot '{source.SnapshotId}' is encrypted, and so is what is made of it.");
        if (!source.IsEncrypted && encrypted is not true && !EbsEncryptionChoice.IsByDefault(call))
            return new EncryptionOutcome(false, null);
        return new EncryptionOutcome(true, kmsKeyId is null ? EbsKey.Arn(call) : EbsKey.Require(call, kmsKeyId));
    }
}

/// <summary>What something new is made of, as far as encryption goes.</summary>
/// <param name="SnapshotId">The snapshot; null for none.</param>
/// <param name="IsEncrypted">Whether it is encrypted.</param>
internal readonly record struct SourceEncryption(string? SnapshotId, bool IsEncrypted)
{
    /// <summary>Of a snapshot, or of none.</summary>
    public static SourceEncryption Of(SnapshotResource? snapshot) => new(snapshot?.Metadata.Name, snapshot?.Spec.Encrypted is true);
}
