using System.Text.Json.Nodes;
using Skep.Core.Resources;

namespace Skep.Kubernetes.Errors;

/// <summary>Writes metav1.Status, the body of every failure and of deletions that are done at once.</summary>
internal static class StatusDocument
{
    /// <summary>The Status of a failure.</summary>
    public static byte[] Failure(ApiException failure)
    {
        var status = Base("Failure");
        status["message"] = failure.Message;
        status["reason"] = failure.Reason;
        if (failure.Details is { } details)
            status["details"] = Details(details);
        status["code"] = failure.Code;
        return ResourceDocument.ToBytes(status);
    }

    /// <summary>The Status of a deletion that is done.</summary>
    public static byte[] Success(StatusDetails? details)
    {
        var status = Base("Success");
        if (details is not null)
            status["details"] = Details(details);
        return ResourceDocument.ToBytes(status);
    }

    private static JsonObject Base(string outcome) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = outcome,
    };

    private static JsonObject Details(StatusDetails details)
    {
        var node = new JsonObject();
        AddText(node, "name", details.Name);
        AddText(node, "group", details.Group);
        AddText(node, "kind", details.Kind);
        AddText(node, "uid", details.Uid);
        if (details.Causes.Count > 0)
        {
            node["causes"] = new JsonArray([.. details.Causes.Select(static c =>
            {
                var cause = new JsonObject { ["reason"] = c.Reason, ["message"] = c.Message };
                AddText(cause, "field", c.Field);
                return (JsonNode)cause;
            })]);
        }

        if (details.RetryAfterSeconds is { } seconds)
            node["retryAfterSeconds"] = seconds;
        return node;
    }

    private static void AddText(JsonObject node, string member, string? text)
    {
        if (!string.IsNullOrEmpty(text))
            node[member] = text;
    }
}
