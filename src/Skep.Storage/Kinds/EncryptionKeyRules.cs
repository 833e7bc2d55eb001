using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind EncryptionKey.</summary>
internal static class EncryptionKeyRules
{
    public static IEnumerable<FieldError> Validate(EncryptionKey value, EncryptionKey? old)
    {
        if (value.Spec.State is not (EncryptionKeyState.Enabled or EncryptionKeyState.Disabled))
            yield return new("spec.state", FieldErrorReason.NotSupported, $"\"{value.Spec.State}\" is neither {EncryptionKeyState.Enabled} nor {EncryptionKeyState.Disabled}");
    }
}
