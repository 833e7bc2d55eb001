using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;

namespace Skep.Core.Tests.Identity;

public sealed class GroupAuthorizerTests
{
    private static readonly GroupAuthorizer _authorizer = new(new KindRegistry(CoreKinds.All));

    [Theory]
    [InlineData("get", "configmaps", "team", null, true)]
    [InlineData("list", "configmaps", "team", null, true)]
    [InlineData("watch", "configmaps", "team", null, true)]
    [InlineData("create", "configmaps", "team", null, false)]
    [InlineData("delete", "configmaps", "team", null, false)]
    [InlineData("impersonate", "configmaps", "team", null, false)]
    [InlineData("get", "configmaps", "other", null, false)]
    [InlineData("list", "configmaps", null, null, false)]
    [InlineData("get", "configmaps", "team", "status", true)]
    [InlineData("get", "configmaps", "team", "exec", false)]
    [InlineData("get", "secrets", "team", null, false)]
    [InlineData("get", "nodes", null, null, false)]
    [InlineData("get", "unheard-of", "team", null, false)]
    public void Others_read_in_their_own_namespace_what_is_not_secret(string verb, string resource, string? ns, string? subresource, bool isAllowed)
    {
        var request = new AuthorizationRequest { Verb = verb, Resource = new GroupResource("", resource), Namespace = ns, Subresource = subresource, Name = "a" };
        Assert.Equal(isAllowed, _authorizer.Authorize(Somebody([]), request).IsAllowed);
        Assert.True(_authorizer.Authorize(Somebody([Principal.MastersGroup]), request).IsAllowed);
    }

    [Theory]
    [InlineData("get", "team", true)]
    [InlineData("get", "other", false)]
    [InlineData("list", null, false)]
    public void Others_read_their_own_namespace_object(string verb, string? name, bool isAllowed)
    {
        var request = new AuthorizationRequest { Verb = verb, Resource = CoreKinds.Namespace.GroupResource, Name = name };
        Assert.Equal(isAllowed, _authorizer.Authorize(Somebody([]), request).IsAllowed);
    }

    [Theory]
    [InlineData("get", "/version", true)]
    [InlineData("get", "/metrics", false)]
    [InlineData("create", "/version", false)]
    public void Others_read_what_describes_the_api(string verb, string path, bool isAllowed) =>
        Assert.Equal(isAllowed, _authorizer.Authorize(Somebody([]), new AuthorizationRequest { Verb = verb, Path = path }).IsAllowed);

    private static Principal Somebody(string[] groups) => new("ann", "210987654321", "team", "arn:aws:iam::210987654321:user/ann", "AIDA1", groups);
}
