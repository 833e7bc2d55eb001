using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;
using Skep.Kubernetes.Verbs;

namespace Skep.Kubernetes.Access;

/// <summary>Answers what a principal asks about itself: who am I, may I do this, what may I do.</summary>
internal sealed class ReviewHandler(KindRegistry kinds, AccessRules access)
{
    /// <summary>Answers a POST of a review: the same document with its status.</summary>
    public async Task HandleAsync(HttpContext http, Principal principal, ReviewKind review)
    {
        if (!HttpMethods.IsPost(http.Request.Method))
            throw ApiErrors.MethodNotAllowed();
        RequestRecord.Of(http).Action = $"create {review.Plural}.{review.Group}";
        var document = (await RequestBody.ReadDocumentAsync(http.Request, http.RequestAborted)).Document;
        if (Text(document, "kind") is { Length: > 0 } kind && kind != review.Name)
            throw ApiErrors.BadRequest($"the kind in the data ({ApiRequest.Shorten(kind)}) does not match the expected kind ({review.Name})");
        document["apiVersion"] = review.ApiVersion;
        document["kind"] = review.Name;
        document["metadata"] ??= new JsonObject();
        if (review == ReviewKinds.SelfSubjectReview)
            document["status"] = WhoAmI(principal);
        else if (review == ReviewKinds.SelfSubjectAccessReview)
            document["status"] = MayI(principal, document["spec"] as JsonObject ?? []);
        else
            document["status"] = Rules(principal, document["spec"] as JsonObject ?? []);
        await ResourceResponse.WriteJsonAsync(http, 201, ResourceDocument.ToBytes(document));
    }

    private static JsonObject WhoAmI(Principal principal) => new()
    {
        ["userInfo"] = new JsonObject
        {
            ["username"] = principal.Name,
            ["uid"] = principal.UserId,
            ["groups"] = new JsonArray([.. principal.Groups.Append("system:authenticated").Distinct().Select(g => (JsonNode)g)]),
            ["extra"] = new JsonObject
            {
                ["iam.skep.dev/arn"] = new JsonArray(principal.Arn),
                ["iam.skep.dev/namespace"] = new JsonArray(principal.Namespace),
            },
        },
    };

    private JsonObject MayI(Principal principal, JsonObject spec)
    {
        if (spec["resourceAttributes"] is not JsonObject attributes)
        {
            if (spec["nonResourceAttributes"] is not JsonObject)
                throw ApiErrors.BadRequest("spec: exactly one of resourceAttributes and nonResourceAttributes is needed");
            var path = (JsonObject)spec["nonResourceAttributes"]!;
            return Answer(access.Decide(principal, Text(path, "verb") is "head" ? "get" : Text(path, "verb"), Text(path, "path")));
        }

        var verb = Text(attributes, "verb");
        var resource = new GroupResource(Text(attributes, "group"), Text(attributes, "resource"));
        // Everybody who is signed in may ask about themselves.
        if (verb == "create" && ReviewKinds.All.Any(r => r.Group == resource.Group && r.Plural == resource.Resource))
            return Answer(AuthorizationDecision.Allow("everybody may ask this"));
        return Answer(access.Decide(
            principal, verb, resource, Text(attributes, "namespace"), Text(attributes, "name"), Text(attributes, "subresource")));
    }

    private JsonObject Rules(Principal principal, JsonObject spec)
    {
        var ns = Text(spec, "namespace");
        var rules = new JsonArray();
        if (principal.IsMaster)
        {
            rules.Add((JsonNode)Rule(["*"], ["*"], ["*"]));
        }
        else
        {
            foreach (var kind in kinds.All)
            {
                var scope = kind.Scope is ResourceScope.Namespaced ? ns : "";
                var name = kind == CoreKinds.Namespace ? ns : "";
                List<string> verbs = [.. AccessRules.Verbs.Where(v => access.Decide(principal, v, kind.GroupResource, scope, name, "").IsAllowed)];
                if (verbs.Count > 0)
                    rules.Add((JsonNode)Rule(verbs, [kind.Group], [kind.Plural]));
            }
        }

        var nonResource = new JsonObject { ["verbs"] = Texts(principal.IsMaster ? ["*"] : ["get"]), ["nonResourceURLs"] = Texts(["*"]) };
        return new JsonObject { ["resourceRules"] = rules, ["nonResourceRules"] = new JsonArray(nonResource), ["incomplete"] = false };
    }

    private static JsonObject Rule(IReadOnlyList<string> verbs, IReadOnlyList<string> groups, IReadOnlyList<string> resources) => new()
    {
        ["verbs"] = Texts(verbs),
        ["apiGroups"] = Texts(groups),
        ["resources"] = Texts(resources),
    };

    private static JsonObject Answer(AuthorizationDecision decision) => new() { ["allowed"] = decision.IsAllowed, ["reason"] = decision.Reason };

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static string Text(JsonObject node, string member) => node[member] switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw ApiErrors.BadRequest($"{member}: expected a string"),
    };
}
