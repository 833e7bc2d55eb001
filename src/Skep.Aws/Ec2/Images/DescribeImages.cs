using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Images;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists the images that the account may start instances from.</summary>
internal sealed class DescribeImages : DescribeOperation<DescribeImagesRequest, DescribeImagesResult, Image>
{
    /// <inheritdoc/>
    protected override (int Min, int Max) PageBounds => (1, 1_000);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Image>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<Image>>(StringComparer.Ordinal)
        {
            ["is-public"] = (i, _) => [i.Public is true ? "true" : "false"],
            ["manifest-location"] = (i, _) => [i.ImageLocation],
            ["owner-alias"] = (i, _) => [i.ImageOwnerAlias],
            ["product-code"] = FilterRules.Nothing,
            ["product-code.type"] = FilterRules.Nothing,
        };

    /// <inheritdoc/>
    protected override IEnumerable<Image> Items(DescribeImagesRequest request, AwsCall call, string? after)
    {
        var mapper = new ImageMapper(call);
        var images = ImageLookup.All(call).ToList();
        if (request.ImageIds is { Count: > 0 } ids)
        {
            call.Subjects.AddRange(ids);
            var missing = ids.Where(id => !images.Exists(i => i.Metadata.Name == id)).Distinct(StringComparer.Ordinal).ToList();
            if (missing.Count > 0)
                throw Ec2Errors.ImageNotFound(missing);
            images = images.FindAll(i => ids.Contains(i.Metadata.Name));
        }

        return images
            .Where(i => IsOwnedBy(mapper.OwnerOf(i), request.Owners, call) && IsExecutableBy(i, request.ExecutableUsers, mapper, call))
            .Where(i => after is null || string.CompareOrdinal(i.Metadata.Name, after) > 0)
            .OrderBy(i => i.Metadata.Name, StringComparer.Ordinal)
            .Select(mapper.Map);
    }

    /// <inheritdoc/>
    protected override string KeyOf(Image item) => item.ImageId!;

    /// <inheritdoc/>
    protected override DescribeImagesResult Respond(List<Image> items, AwsCall call) => new() { Images = items };

    private static bool IsOwnedBy(string owner, List<string>? owners, AwsCall call) =>
        owners is null or { Count: 0 } || owners.Exists(o => o == owner || (o == "self" && owner == call.AccountId));

    private static bool IsExecutableBy(ImageResource image, List<string>? users, ImageMapper mapper, AwsCall call) =>
        users is null or { Count: 0 }
        || (image.Spec.Public && users.Contains("all"))
        || (mapper.OwnerOf(image) == call.AccountId && (users.Contains("self") || users.Contains(call.AccountId)));
}
