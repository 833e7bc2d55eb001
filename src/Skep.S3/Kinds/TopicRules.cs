using Skep.Core.Resources;

namespace Skep.S3.Kinds;

/// <summary>The rules of kind Topic.</summary>
internal static class TopicRules
{
    private const int NameLengthMax = 100;
    private const int SecretLengthMin = 16;
    private const int BacklogMax = 1_000_000;
    private const int HoursMax = 14 * 24;

    public static IEnumerable<FieldError> Validate(Topic value, Topic? old)
    {
        var spec = value.Spec;
        if (value.Metadata.Name.Length > NameLengthMax)
            yield return new("metadata.name", FieldErrorReason.Invalid, $"a topic's name has at most {NameLengthMax} characters");
        if (spec.Url is { } url && !IsWebhook(url))
            yield return new("spec.url", FieldErrorReason.Invalid, $"\"{url}\" is no http:// or https:// URL without user, password and fragment");
        if (spec.Secret is { } secret && (secret.Length < SecretLengthMin || spec.Url is null))
            yield return new("spec.secret", FieldErrorReason.Invalid, $"a secret has at least {SecretLengthMin} characters, and belongs to a URL");
        if (spec.BacklogMax is < 1 or > BacklogMax)
            yield return new("spec.backlogMax", FieldErrorReason.Invalid, $"1 to {BacklogMax}, not {spec.BacklogMax}");
        if (spec.RetentionHours is < 1 or > HoursMax)
            yield return new("spec.retentionHours", FieldErrorReason.Invalid, $"1 to {HoursMax}, not {spec.RetentionHours}");
    }

    private static bool IsWebhook(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https") && url.UserInfo.Length == 0 && url.Fragment.Length == 0;
}
