using Skep.Core.Identity.PostForms;

namespace Skep.Core.Identity;

public sealed partial class SigV4Verifier
{
    /// <summary>Clock difference that S3 accepts.</summary>
    private static readonly TimeSpan _formSkew = TimeSpan.FromMinutes(15);

    /// <summary>Whether a form carries a signature; what does not is anonymous.</summary>
    public static bool IsSigned(IReadOnlyDictionary<string, string> fields) =>
        fields.Keys.Any(k => k.ToLowerInvariant() is "policy" or "x-amz-signature" or "signature" or "awsaccesskeyid");

    /// <summary>
    /// Checks the signature of an S3 form (S3 API reference, "Browser-based uploads using POST") and its fields against
    /// its policy. Forms signed the old way (AWSAccessKeyId, signature: HMAC-SHA1 of the policy) are taken as S3 takes them.
    /// </summary>
    /// <param name="fields">The form's fields before the file, names in any case; the key with ${filename} already replaced.</param>
    /// <param name="bucket">The bucket that the request is for.</param>
    /// <exception cref="SigV4Exception">The form is not signed, not well, or breaks its policy.</exception>
    public SignedForm VerifyForm(IReadOnlyDictionary<string, string> fields, string bucket)
    {
        var byName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in fields)
        {
            if (!byName.TryAdd(name, value))
                throw IncompleteForm($"The form has '{name}' more than once.");
        }

        var policy = byName.GetValueOrDefault("policy") ?? throw IncompleteForm("Bucket POST must contain a field named 'policy'. If it is specified, please check the order of the fields.");
        var identity = byName.ContainsKey(SigV2.KeyParameter) ? VerifyOldForm(byName, policy) : VerifyForm(byName, policy);
        var parsed = PostPolicy.Parse(policy);
        parsed.Check(fields, bucket, time.GetUtcNow());
        return new SignedForm(identity, parsed);
    }

    private SigV4Identity VerifyForm(Dictionary<string, string> fields, string policy)
    {
        var algorithm = Field(fields, "x-amz-algorithm");
        if (algorithm == SigV4.EcdsaAlgorithm)
            throw Unsupported("SigV4A (ECDSA)");
        if (algorithm != SigV4.Algorithm)
            throw IncompleteForm($"x-amz-algorithm must be {SigV4.Algorithm}.");
        var date = ParseDate(Field(fields, "x-amz-date"), SigV4Failure.IncompleteForm);
        if (!SigV4Scope.TryParse(Field(fields, "x-amz-credential"), out var scope))
            throw IncompleteForm("x-amz-credential must have exactly 5 slash-delimited elements: keyid/date/region/service/aws4_request.");
        var signature = Field(fields, "x-amz-signature");
        CheckScope(scope, date, s => s == SigV4.S3Service);
        var now = time.GetUtcNow();
        if (date - now > _formSkew)
            throw Expired(SigV4Failure.RequestTimeSkewed, date, now, "is too far in the future");
        if (now - date > TimeSpan.FromSeconds(PresignedSecondsMax))
            throw Expired(SigV4Failure.RequestExpired, date, now, "is more than a week ago");
        var (key, principal) = FindKey(scope.AccessKeyId, fields.GetValueOrDefault("x-amz-security-token"));
        var signingKey = SigV4.SigningKey(key.SecretAccessKey, scope);
        var expected = SigV4.Signature(signingKey, policy);
        if (!IsSame(expected, signature))
            throw Mismatch(new SigV4Calculation(scope.AccessKeyId, policy, signature, CanonicalRequest: null));
        CheckEnd(key);
        return new SigV4Identity(principal, scope, SigV4Carrier.Form, date, new SigV4Chain(signingKey, scope, SigV4.FormatDate(date), expected));
    }

    private SigV4Identity VerifyOldForm(Dictionary<string, string> fields, string policy) =>
        FinishOld(Field(fields, SigV2.KeyParameter), Field(fields, "signature"), fields.GetValueOrDefault("x-amz-security-token"), [policy], SigV4Carrier.Form, time.GetUtcNow());

    private static string Field(Dictionary<string, string> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.Length > 0 ? value : throw IncompleteForm($"Bucket POST must contain a field named '{name}'.");

    private static SigV4Exception IncompleteForm(string message) => new(SigV4Failure.IncompleteForm, message);
}
