using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Images;

/// <summary>Finds images as people name them.</summary>
public static class ImageFinder
{
    /// <summary>
    /// The image of an id (ami-…), or the newest available one of a name such as "debian-12". Looks in the namespace, and
    /// beyond it at public images. Null when there is none.
    /// </summary>
    public static Image? Find(View view, string ns, string idOrName)
    {
        if (view.Get(ComputeKinds.Image, ns, idOrName) is { } byId)
            return byId;
        return view.List(ComputeKinds.Image, ns: null)
            .Where(i => i.Metadata.Namespace == ns || i.Spec.Public)
            .Where(i => i.Metadata.DeletionTimestamp is null && i.Status?.State == "available")
            .Where(i => i.Metadata.Name == idOrName || string.Equals(i.Spec.Name, idOrName, StringComparison.Ordinal))
            .MaxBy(i => (i.Metadata.CreationTimestamp, i.Metadata.Name));
    }
}
