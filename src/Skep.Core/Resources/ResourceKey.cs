namespace Skep.Core.Resources;

/// <summary>The address of one resource. <paramref name="Namespace"/> is "" for cluster-scoped kinds.</summary>
public readonly record struct ResourceKey(GroupResource GroupResource, string Namespace, string Name)
{
    /// <summary>"group/resource/namespace/name": the form used in logs and as the store's key.</summary>
    public override string ToString() => $"{GroupResource.Group}/{GroupResource.Resource}/{Namespace}/{Name}";
}
