using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;

namespace Skep.Core.Hosting;

/// <summary>
/// What the audit log will say of a request. The gateway makes one for every request and fills in what it knows; the
/// dialect that answers adds who, what and on which resource. Belongs to one request.
/// </summary>
public sealed class RequestRecord
{
    private RequestRecord(string requestId) => RequestId = requestId;

    /// <summary>A UUID; sent back to the client in the dialect's way.</summary>
    public string RequestId { get; }

    /// <summary>Who; null while unknown. Dialects that check signatures themselves set it.</summary>
    public Principal? Principal { get; set; }

    /// <summary>The dialect's name.</summary>
    public string? Dialect { get; set; }

    /// <summary>What was asked: "ec2:RunInstances", "create instances.compute.skep.dev".</summary>
    public string? Action { get; set; }

    /// <summary>On what: an id, "namespace/name".</summary>
    public string? Resource { get; set; }

    /// <summary>Why it was refused: an error code or the authorizer's reason.</summary>
    public string? Reason { get; set; }

    /// <summary>Starts the record of a request.</summary>
    public static RequestRecord Begin(HttpContext context, string requestId)
    {
        var record = new RequestRecord(requestId);
        context.Features.Set(record);
        return record;
    }

    /// <summary>The record of a request. Requests that did not come through the gateway (tests) get one on the way.</summary>
    public static RequestRecord Of(HttpContext context) =>
        context.Features.Get<RequestRecord>() ?? Begin(context, context.TraceIdentifier);
}
