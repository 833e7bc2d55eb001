using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Skep.Core.Identity.PostForms;

/// <summary>
/// The policy of a browser's upload: until when it holds and what the form's fields must be (S3 API reference, "POST
/// policy"). Immutable.
/// </summary>
public sealed class PostPolicy
{
    /// <summary>Bytes that a policy may have in base64; S3's limit for a form's fields together.</summary>
    public const int Base64LengthMax = 20_480;

    private const int ConditionsMax = 256;
    private const int DepthMax = 4;

    private readonly List<PostPolicyCondition> _conditions;

    private PostPolicy(DateTimeOffset expiration, List<PostPolicyCondition> conditions)
    {
        Expiration = expiration;
        _conditions = conditions;
    }

    /// <summary>When it ends.</summary>
    public DateTimeOffset Expiration { get; }

    /// <summary>Bytes that the file must have at least.</summary>
    public long LengthMin { get; private init; }

    /// <summary>Bytes that the file may have at most; <see cref="long.MaxValue"/> when the policy does not say.</summary>
    public long LengthMax { get; private init; } = long.MaxValue;

    /// <summary>Reads the policy field of a form.</summary>
    /// <exception cref="SigV4Exception">InvalidPolicyDocument.</exception>
    public static PostPolicy Parse(string base64)
    {
        if (base64.Length > Base64LengthMax)
            throw Invalid($"it is longer than {Base64LengthMax} characters");
        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(base64), new JsonDocumentOptions { MaxDepth = DepthMax });
            return Read(document.RootElement);
        }
        catch (FormatException)
        {
            throw Invalid("it is not base64");
        }
        catch (JsonException ex)
        {
            throw Invalid($"it is not JSON, line {ex.LineNumber + 1}, byte {ex.BytePositionInLine + 1}");
        }
    }

    /// <summary>Checks a form against the policy. The file's length is left to <see cref="CheckLength"/>.</summary>
    /// <param name="fields">The form's fields before the file; the key with ${filename} already replaced.</param>
    /// <param name="bucket">The bucket that the request is for.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="SigV4Exception">RequestExpired, PolicyConditionFailed.</exception>
    public void Check(IReadOnlyDictionary<string, string> fields, string bucket, DateTimeOffset now)
    {
        if (now >= Expiration)
            throw new SigV4Exception(SigV4Failure.RequestExpired, "Invalid according to Policy: Policy expired.");
        var byName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in fields)
        {
            if (!byName.TryAdd(name, value))
                throw Failed($"The field '{name}' comes more than once");
        }

        byName["bucket"] = bucket;
        foreach (var condition in _conditions)
        {
            if (!condition.IsMetBy(byName.GetValueOrDefault(condition.Field)))
                throw Failed($"Policy Condition failed: {condition.Text}");
        }

        foreach (var name in byName.Keys)
        {
            if (!IsFree(name) && !_conditions.Any(c => c.Field.Equals(name, StringComparison.OrdinalIgnoreCase)))
                throw Failed($"Extra input fields: {name}");
        }
    }

    /// <summary>Checks the length of the form's file.</summary>
    /// <exception cref="SigV4Exception">EntityTooSmall, EntityTooLarge.</exception>
    public void CheckLength(long bytes)
    {
        if (bytes < LengthMin)
            throw new SigV4Exception(SigV4Failure.EntityTooSmall, $"Your proposed upload of {bytes} bytes is smaller than the minimum allowed size of {LengthMin} bytes.");
        if (bytes > LengthMax)
            throw new SigV4Exception(SigV4Failure.EntityTooLarge, $"Your proposed upload of {bytes} bytes exceeds the maximum allowed size of {LengthMax} bytes.");
    }

    internal static SigV4Exception Invalid(string what) => new(SigV4Failure.InvalidPolicyDocument, $"Invalid Policy: {what}.");

    /// <summary>Fields that need no condition: the signature and what it covers itself, and what is to be ignored.</summary>
    private static bool IsFree(string name) =>
        name.StartsWith("x-ignore-", StringComparison.OrdinalIgnoreCase)
        || name.ToLowerInvariant() is "policy" or "x-amz-signature" or "file" or "signature" or "awsaccesskeyid";

    private static PostPolicy Read(JsonElement root)
    {
        if (root.ValueKind is not JsonValueKind.Object)
            throw Invalid("it must be an object");
        DateTimeOffset? expiration = null;
        JsonElement? conditions = null;
        foreach (var property in root.EnumerateObject())
        {
            if (property.NameEquals("expiration") && expiration is null)
                expiration = ReadTime(property.Value);
            else if (property.NameEquals("conditions") && conditions is null)
                conditions = property.Value;
            else
                throw Invalid($"it has '{property.Name}', which is unknown or comes twice");
        }

        if (expiration is not { } end)
            throw Invalid("'expiration' is missing");
        if (conditions is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() > ConditionsMax)
            throw Invalid($"'conditions' must be a list of at most {ConditionsMax}");
        var read = new List<PostPolicyCondition>();
        var (min, max) = (0L, long.MaxValue);
        foreach (var element in list.EnumerateArray())
        {
            if (element.ValueKind is JsonValueKind.Object)
                read.AddRange(PostPolicyCondition.ReadEqualities(element));
            else if (PostPolicyCondition.TryReadLengthRange(element, out var range))
                (min, max) = (Math.Max(min, range.Min), Math.Min(max, range.Max));
            else
                read.Add(PostPolicyCondition.Read(element));
        }

        return new PostPolicy(end, read) { LengthMin = min, LengthMax = max };
    }

    private static DateTimeOffset ReadTime(JsonElement element) =>
        element.ValueKind is JsonValueKind.String
        && DateTimeOffset.TryParseExact(
            element.GetString(), ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw Invalid("'expiration' must be a time like 2026-01-02T03:04:05.000Z");

    private static SigV4Exception Failed(string what) => new(SigV4Failure.PolicyConditionFailed, $"Invalid according to Policy: {what}");
}
