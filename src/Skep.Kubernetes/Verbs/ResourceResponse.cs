using Microsoft.AspNetCore.Http;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Verbs;

/// <summary>Sends one resource or one Status.</summary>
internal static class ResourceResponse
{
    /// <summary>Answers with a resource in the form that was asked for.</summary>
    public static async Task WriteAsync(ApiRequest request, ResourceOutput output, int statusCode, ReadOnlyMemory<byte> json)
    {
        var response = request.Http.Response;
        response.StatusCode = statusCode;
        response.ContentType = OutputForm.ContentType;
        output.WriteOne(response.BodyWriter, json.Span);
        await response.BodyWriter.FlushAsync(request.Aborted);
    }

    /// <summary>Answers with JSON that is ready.</summary>
    public static async Task WriteJsonAsync(HttpContext http, int statusCode, ReadOnlyMemory<byte> json, string contentType = OutputForm.ContentType)
    {
        http.Response.StatusCode = statusCode;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }
}
