using Skep.S3.Requests;

namespace Skep.S3.Documents;

/// <summary>Says in an answer's headers what a page of another site may see of it.</summary>
internal static class CorsHeaders
{
    /// <summary>Writes them where the request comes from a page of another site and a rule allows it.</summary>
    public static async ValueTask WriteAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        if (call.Header("Origin") is not { } origin)
            return;
        var rules = await CorsConfiguration.FindAsync(services.Store, call.Bucket, ct);
        // What a preflight asks about counts; what is asked itself otherwise.
        var method = call.Header("Access-Control-Request-Method") ?? call.Http.Request.Method;
        var asked = AskedHeaders(call);
        if (rules.FirstOrDefault(r => r.Allows(origin, method, asked)) is { } rule)
            Write(call, rule, origin, asked);
    }

    /// <summary>The headers that a page asks for.</summary>
    public static string[] AskedHeaders(S3Call call) =>
        (call.Header("Access-Control-Request-Headers") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Writes what a rule allows.</summary>
    public static void Write(S3Call call, CorsRule rule, string origin, string[] asked)
    {
        var headers = call.Response.Headers;
        headers.AccessControlAllowOrigin = rule.AllowsAnyOrigin ? "*" : origin;
        headers.AccessControlAllowMethods = string.Join(", ", rule.Methods);
        if (!rule.AllowsAnyOrigin)
            headers.AccessControlAllowCredentials = "true";
        if (asked.Length > 0)
            headers.AccessControlAllowHeaders = string.Join(", ", asked).ToLowerInvariant();
        if (rule.Exposed.Count > 0)
            headers.AccessControlExposeHeaders = string.Join(", ", rule.Exposed);
        if (rule.MaxAgeSeconds is { } age)
            headers.AccessControlMaxAge = age;
        headers.Vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
    }
}
