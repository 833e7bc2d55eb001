using Skep.Aws.Dispatch;
using Skep.Aws.Kinds;
using Skep.Core.Store;

namespace Skep.Aws.Ec2.Encryption;

/// <summary>Whether an account's new volumes in a region are encrypted although nobody asks for it.</summary>
internal static class EbsEncryptionChoice
{
    /// <summary>What holds now.</summary>
    public static bool IsByDefault(AwsCall call) => call.View.Get(AwsKinds.EbsEncryption, call.Namespace, call.Region)?.Spec.ByDefault is true;

    /// <summary>Chooses.</summary>
    public static void Set(AwsCall call, bool byDefault)
    {
        if (call.View.Get(AwsKinds.EbsEncryption.Key(call.Namespace, call.Region)) is { } resource)
        {
            var choice = AwsKinds.EbsEncryption.Decode(resource);
            choice.Spec.ByDefault = byDefault;
            call.Transaction.Update(AwsKinds.EbsEncryption, choice, WriteScope.All);
        }
        else if (byDefault)
        {
            call.Transaction.Create(AwsKinds.EbsEncryption, new EbsEncryption { Metadata = call.NewMetadata(call.Region), Spec = { ByDefault = true } });
        }
    }
}
