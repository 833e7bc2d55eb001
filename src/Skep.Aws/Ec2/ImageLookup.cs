using Skep.Aws.Dispatch;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Finds the images an account may use: its own, and other accounts' that are public.</summary>
internal static class ImageLookup
{
    /// <summary>An image by id, or null.</summary>
    public static ImageResource? Find(AwsCall call, string id) =>
        call.Find(ComputeKinds.Image, id) ?? All(call).FirstOrDefault(i => i.Metadata.Name == id);

    /// <summary>All images the account may use, in this region.</summary>
    public static IEnumerable<ImageResource> All(AwsCall call) =>
        call.View.List(ComputeKinds.Image, ns: null)
            .Where(i => i.Metadata.Namespace == call.Namespace || i.Spec.Public)
            .Where(i => i.Metadata.Labels?.GetValueOrDefault(AwsCall.RegionLabel) is not { } region || region == call.Region);
}
