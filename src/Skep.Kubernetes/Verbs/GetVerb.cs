using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Verbs;

/// <summary>get of one resource.</summary>
internal sealed class GetVerb(ResourceClient client)
{
    /// <summary>Answers with the resource.</summary>
    public async Task HandleAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var view = client.View;
        if (ResourceVersions.Parse(request.Query("resourceVersion")) is { } asked && asked > view.Revision)
            throw ApiErrors.ResourceVersionTooLarge(asked, view.Revision);
        var resource = view.Get(request.Key) ?? throw ResourceException.NotFound(request.Key);
        await ResourceResponse.WriteAsync(request, output, 200, resource.Json);
    }
}
