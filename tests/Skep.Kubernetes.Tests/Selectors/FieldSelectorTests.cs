using System.Text;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Tests.Selectors;

public sealed class FieldSelectorTests
{
    private static readonly Resource _instance = new(
        ComputeKinds.Instance.Key("default", "i-1"),
        7,
        Encoding.UTF8.GetBytes("""{"metadata":{"name":"i-1","namespace":"default"},"spec":{"nodeName":"a,b=c","instanceType":"t3.micro"}}"""));

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=i-1", true)]
    [InlineData("metadata.name!=i-1", false)]
    [InlineData("metadata.namespace==default,metadata.name=i-1", true)]
    [InlineData("metadata.namespace=other", false)]
    [InlineData(@"spec.nodeName=a\,b\=c", true)]
    [InlineData("spec.instanceType=t3.small", false)]
    [InlineData("status.state=", true)]
    [InlineData("status.state!=running", true)]
    public void Matches_fields(string selector, bool expected) =>
        Assert.Equal(expected, FieldSelector.Parse(selector, ComputeKinds.Instance, new SchemaCatalog()).Matches(_instance));

    [Fact]
    public void An_absent_boolean_is_false()
    {
        var node = new Resource(CoreKinds.Node.Key("", "n"), 1, Encoding.UTF8.GetBytes("""{"metadata":{"name":"n"},"spec":{}}"""));
        Assert.True(FieldSelector.Parse("spec.unschedulable=false", CoreKinds.Node, new SchemaCatalog()).Matches(node));
        Assert.False(FieldSelector.Parse("spec.unschedulable=true", CoreKinds.Node, new SchemaCatalog()).Matches(node));
    }

    [Theory]
    [InlineData("spec.keyName=x", "field label not supported")]
    [InlineData("metadata.name", "can't understand")]
    [InlineData(@"metadata.name=a\b", "backslash")]
    [InlineData(@"metadata.name=a\", "backslash")]
    public void Refuses_what_it_does_not_know(string selector, string part)
    {
        var failure = Assert.Throws<ApiException>(() => FieldSelector.Parse(selector, ComputeKinds.Instance, new SchemaCatalog()));
        Assert.Equal(400, failure.Code);
        Assert.Contains(part, failure.Message);
    }
}
