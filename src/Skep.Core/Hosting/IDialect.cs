using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;

namespace Skep.Core.Hosting;

/// <summary>
/// A protocol at the edge. The gateway asks each dialect, in order, whether a request is its own, authenticates it in
/// the dialect's way, and hands it over.
/// </summary>
public interface IDialect
{
    /// <summary>Short name for audit entries and metrics: "aws", "kubernetes".</summary>
    string Name { get; }

    /// <summary>Whether the request belongs to this dialect, judged by its head alone.</summary>
    bool Claims(HttpContext context);

    /// <summary>
    /// Answers a request. <paramref name="principal"/> is who the connection's client certificate or bearer token names, or
    /// null; dialects with their own signatures (SigV4) authenticate themselves. Failures are answered in the dialect's
    /// own form.
    /// </summary>
    Task HandleAsync(HttpContext context, Principal? principal);
}
