using Skep.Core.Resources;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Selectors;

/// <summary>Which resources of a kind a list or watch is about: those of a namespace that both selectors match.</summary>
internal sealed class ResourceFilter(string? ns, LabelSelector labels, FieldSelector fields)
{
    /// <summary>Whether there is a selector beside the namespace.</summary>
    public bool IsSelective => !labels.IsEmpty || !fields.IsEmpty;

    /// <summary>Reads the filter of a request.</summary>
    public static ResourceFilter Of(ApiRequest request, SchemaCatalog schemas) => new(
        request.Namespace,
        LabelSelector.Parse(request.Query("labelSelector")),
        FieldSelector.Parse(request.Query("fieldSelector"), request.Kind, schemas));

    /// <summary>Whether a resource is in the namespace meant, whatever the selectors say.</summary>
    public bool IsInNamespace(Resource resource) => ns is null || resource.Key.Namespace == ns;

    /// <summary>Whether a resource of the kind is meant.</summary>
    public bool Matches(Resource resource) =>
        IsInNamespace(resource)
        && (labels.IsEmpty || labels.Matches(resource.Metadata.Labels))
        && (fields.IsEmpty || fields.Matches(resource));
}
