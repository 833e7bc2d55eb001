using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Documents;

/// <summary>A browser's question whether a page may send a request (Fetch standard, "CORS-preflight fetch"). Anybody may ask.</summary>
internal sealed class Preflight(S3Services services, S3Level level) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => level is S3Level.Bucket ? "PreflightBucket" : "PreflightObject";

    /// <inheritdoc/>
    public override S3Route Route => new("OPTIONS", level);

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketCORS";

    /// <inheritdoc/>
    public override bool AuthorizesItself => true;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var origin = call.Header("Origin") ?? throw S3Errors.Of("BadRequest", 400, "Insufficient information. Origin request header needed.");
        var method = call.Header("Access-Control-Request-Method") ?? throw S3Errors.Of("BadRequest", 400, "Invalid Access-Control-Request-Method: null");
        var asked = CorsHeaders.AskedHeaders(call);
        var rules = await CorsConfiguration.FindAsync(services.Store, call.Bucket, ct);
        var rule = rules.FirstOrDefault(r => r.Allows(origin, method, asked))
            ?? throw S3Errors.Of("AccessForbidden", 403, rules.Count == 0
                ? "CORSResponse: CORS is not enabled for this bucket."
                : "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.");
        CorsHeaders.Write(call, rule, origin, asked);
        call.SendEmpty();
    }
}
