using Microsoft.AspNetCore.Http;
using Skep.Kubernetes.Errors;

namespace Skep.Kubernetes.Output;

/// <summary>The shape in which resources are answered.</summary>
internal enum OutputShape
{
    /// <summary>Whole documents.</summary>
    Document,

    /// <summary>A Table for people.</summary>
    Table,

    /// <summary>Documents reduced to their metadata.</summary>
    Metadata,
}

/// <summary>What the Accept header settled on. <paramref name="Version"/> is meta.k8s.io's version for the shapes that have one.</summary>
internal sealed record OutputForm(OutputShape Shape, string Version)
{
    private static readonly OutputForm _document = new(OutputShape.Document, "v1");

    /// <summary>The response's Content-Type.</summary>
    public const string ContentType = "application/json";

    /// <summary>Picks the first media type that this server can produce.</summary>
    /// <exception cref="ApiException">406 when there is none.</exception>
    public static OutputForm Negotiate(HttpRequest request)
    {
        var ranges = MediaRange.ParseAccept(request.Headers.Accept);
        if (ranges.Count == 0)
            return _document;
        foreach (var range in ranges)
        {
            if (range.Type is not ("application/json" or "application/*" or "*/*"))
                continue;
            if (range.Parameter("as") is not { } shape)
                return _document;
            if (range.Type != "application/json" || range.Parameter("g") is not (null or "meta.k8s.io") || range.Parameter("v") is not ("v1" or "v1beta1"))
                continue;
            var version = range.Parameter("v")!;
            switch (shape)
            {
                case "Table":
                    return new(OutputShape.Table, version);
                case "PartialObjectMetadata" or "PartialObjectMetadataList":
                    return new(OutputShape.Metadata, version);
            }
        }

        throw ApiErrors.NotAcceptable();
    }
}
