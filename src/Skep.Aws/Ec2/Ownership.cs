using Skep.Aws.Dispatch;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>References from what belongs to a resource to that resource.</summary>
internal static class Ownership
{
    /// <summary>A reference to a resource that exists or that the call's transaction creates.</summary>
    public static OwnerReference By(AwsCall call, Kind kind, ResourceKey owner)
    {
        var document = call.Transaction.Outcome(owner) ?? throw ResourceException.NotFound(owner);
        return new OwnerReference
        {
            ApiVersion = kind.ApiVersion,
            Kind = kind.Name,
            Name = owner.Name,
            Uid = ResourceDocument.ReadMetadata(document.Span).Uid!,
        };
    }
}
