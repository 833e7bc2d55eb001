using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Patches;

namespace Skep.Kubernetes.Tests.Patches;

public sealed class StrategicMergePatchTests
{
    private static readonly SchemaCatalog _schemas = new();

    [Theory]
    [InlineData("""{"data":{"a":"1","b":"2"}}""", """{"data":{"b":null,"c":"3"}}""", """{"data":{"a":"1","c":"3"}}""")]
    [InlineData("""{"data":{"a":"1"}}""", """{"data":{"$patch":"replace","b":"2"}}""", """{"data":{"b":"2"}}""")]
    [InlineData("""{"data":{"a":"1"}}""", """{"data":{"$patch":"delete"}}""", """{}""")]
    [InlineData("""{"data":{"a":"1","b":"2"}}""", """{"data":{"$retainKeys":["b","c"],"c":"3"}}""", """{"data":{"b":"2","c":"3"}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["b","c"]}}""", """{"metadata":{"finalizers":["a","b","c"]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}""", """{"metadata":{"finalizers":["b"]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"$setElementOrder/finalizers":["c","b","a"],"finalizers":["c"]}}""", """{"metadata":{"finalizers":["c","b","a"]}}""")]
    [InlineData(
        """{"metadata":{"ownerReferences":[{"uid":"1","name":"x"},{"uid":"2","name":"y"}]}}""",
        """{"metadata":{"ownerReferences":[{"uid":"2","name":"z"},{"uid":"3"}]}}""",
        """{"metadata":{"ownerReferences":[{"uid":"1","name":"x"},{"uid":"2","name":"z"},{"uid":"3"}]}}""")]
    [InlineData(
        """{"metadata":{"ownerReferences":[{"uid":"1"},{"uid":"2"}]}}""",
        """{"metadata":{"ownerReferences":[{"uid":"1","$patch":"delete"}]}}""",
        """{"metadata":{"ownerReferences":[{"uid":"2"}]}}""")]
    [InlineData(
        """{"metadata":{"ownerReferences":[{"uid":"1"},{"uid":"2"}]}}""",
        """{"metadata":{"ownerReferences":[{"$patch":"replace"},{"uid":"3"}]}}""",
        """{"metadata":{"ownerReferences":[{"uid":"3"}]}}""")]
    public void Merges_by_the_schema(string document, string patch, string expected)
    {
        var merged = Make(patch).Apply((JsonObject)JsonNode.Parse(document)!);
        Assert.Equal(expected, merged.ToJsonString());
    }

    [Fact]
    public void Refuses_an_element_without_its_merge_key()
    {
        var document = (JsonObject)JsonNode.Parse("""{"metadata":{"ownerReferences":[{"uid":"1"}]}}""")!;
        var failure = Assert.Throws<ApiException>(() => Make("""{"metadata":{"ownerReferences":[{"name":"x"}]}}""").Apply(document));
        Assert.Contains("uid", failure.Message);
    }

    [Fact]
    public void Refuses_an_unknown_directive() =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => Make("""{"data":{"$patch":"explode"}}""").Apply([])).Code);

    private static StrategicMergePatch Make(string patch) =>
        new((JsonObject)JsonNode.Parse(patch)!, _schemas.Of(CoreKinds.ConfigMap)) { Duplicates = [] };
}
