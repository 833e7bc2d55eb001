using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2;

/// <summary>Tags between the wire, a list of pairs, and resources, a dictionary.</summary>
internal static class Tagging
{
    /// <summary>Tags of one resource.</summary>
    public const int TagsMax = 50;

    private const int KeyLengthMax = 128;
    private const int ValueLengthMax = 256;

    /// <summary>Tags as answers list them: by key. Null for none.</summary>
    public static List<Tag>? ToWire(IReadOnlyDictionary<string, string>? tags) =>
        tags is null or { Count: 0 }
            ? null
            : [.. tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => new Tag { Key = t.Key, Value = t.Value })];

    /// <summary>The tags that a creating request gives to a type of resource ("instance"); null for none.</summary>
    /// <param name="specifications">TagSpecifications of the request.</param>
    /// <param name="resourceType">EC2's type.</param>
    /// <param name="allowed">The types that the operation creates.</param>
    public static Dictionary<string, string>? ForType(IReadOnlyList<TagSpecification>? specifications, string resourceType, params ReadOnlySpan<string> allowed)
    {
        Dictionary<string, string>? result = null;
        foreach (var specification in specifications ?? [])
        {
            if (specification.ResourceType is not { } type || !allowed.Contains(type))
                throw Ec2Errors.InvalidValue("TagSpecification.ResourceType", specification.ResourceType ?? "", $"this operation makes only {string.Join(", ", allowed.ToArray())}");
            if (type != resourceType)
                continue;
            result ??= new(StringComparer.Ordinal);
            foreach (var tag in specification.Tags ?? [])
                Add(result, tag);
        }

        return result;
    }

    /// <summary>Checks a tag and sets it.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, TagLimitExceeded.</exception>
    public static void Add(Dictionary<string, string> tags, Tag tag)
    {
        var key = tag.Key ?? "";
        var value = tag.Value ?? "";
        if (key.Length is 0 or > KeyLengthMax)
            throw Ec2Errors.InvalidValue("Tag.Key", key, $"keys have 1 to {KeyLengthMax} characters");
        if (value.Length > ValueLengthMax)
            throw Ec2Errors.InvalidValue("Tag.Value", value[..ValueLengthMax], $"values have at most {ValueLengthMax} characters");
        if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
            throw Ec2Errors.InvalidValue("Tag.Key", key, "tag keys starting with 'aws:' are reserved for internal use");
        tags[key] = value;
        if (tags.Count > TagsMax)
            throw Ec2Errors.TagLimit(TagsMax);
    }
}
