using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Patches;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Verbs;

/// <summary>create, update and patch.</summary>
internal sealed class WriteVerbs(ResourceClient client, SchemaCatalog schemas)
{
    /// <summary>POST on a collection.</summary>
    public async Task CreateAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var body = await RequestBody.ReadDocumentAsync(request.Http.Request, request.Aborted);
        DocumentCheck.Require(request, body.Document);
        FieldValidation.Apply(request, schemas, body.Document, body.Duplicates, stored: null);
        if (request.Kind.HasStatus)
            body.Document.Remove("status");
        var json = ResourceDocument.ToBytes(body.Document);
        var result = await Writes.CommitAsync(client, t => t.Create(request.Kind, json), request.IsDryRun, request.Aborted);
        await ResourceResponse.WriteAsync(request, output, 201, result.Json);
    }

    /// <summary>PUT on a resource or its status.</summary>
    public async Task UpdateAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var body = await RequestBody.ReadDocumentAsync(request.Http.Request, request.Aborted);
        DocumentCheck.Require(request, body.Document);
        var current = client.View.Get(request.Key) ?? throw ResourceException.NotFound(request.Key);
        FieldValidation.Apply(request, schemas, body.Document, body.Duplicates, ResourceDocument.ParseObject(current.Json.Span));
        var json = ResourceDocument.ToBytes(body.Document);
        var result = await Writes.CommitAsync(client, t => Update(t, request, json), request.IsDryRun, request.Aborted);
        await ResourceResponse.WriteAsync(request, output, 200, result.Json);
    }

    /// <summary>PATCH on a resource or its status.</summary>
    public async Task PatchAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var bytes = await RequestBody.ReadAsync(request.Http.Request, request.Aborted);
        var patch = Patch.Parse(RequestBody.MediaType(request.Http.Request), bytes, request.Kind, schemas);
        var hasWarned = false;
        var result = await Writes.CommitAsync(
            client,
            transaction =>
            {
                var current = transaction.View.Get(request.Key) ?? throw ResourceException.NotFound(request.Key);
                var document = patch.Apply(ResourceDocument.ParseObject(current.Json.Span));
                DocumentCheck.Require(request, document);
                if (!hasWarned)
                    FieldValidation.Apply(request, schemas, document, patch.Duplicates, ResourceDocument.ParseObject(current.Json.Span));
                hasWarned = true;
                return Update(transaction, request, ResourceDocument.ToBytes(document));
            },
            request.IsDryRun,
            request.Aborted);
        await ResourceResponse.WriteAsync(request, output, 200, result.Json);
    }

    private static ResourceKey Update(ResourceTransaction transaction, ApiRequest request, byte[] json)
    {
        transaction.Update(request.Kind, json, request.Subresource is null ? WriteScope.Main : WriteScope.Status);
        return request.Key;
    }
}
