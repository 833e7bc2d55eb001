using System.Text.Json.Nodes;
using Skep.Kubernetes.Patches;

namespace Skep.Kubernetes.Tests.Patches;

public sealed class MergePatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """{"b":2}""", """{"a":1,"b":2}""")]
    [InlineData("""{"a":1,"b":2}""", """{"a":null}""", """{"b":2}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[3]}""", """{"a":[3]}""")]
    [InlineData("""{"a":{"b":1,"c":2}}""", """{"a":{"b":9,"c":null}}""", """{"a":{"b":9}}""")]
    [InlineData("""{"a":"text"}""", """{"a":{"b":1}}""", """{"a":{"b":1}}""")]
    [InlineData("""{"a":[1]}""", """{"a":{"b":1,"c":null}}""", """{"a":{"b":1}}""")]
    [InlineData("""{}""", """{"a":{"b":{"c":null}}}""", """{"a":{"b":{}}}""")]
    [InlineData("""{"a":1}""", """{"missing":null}""", """{"a":1}""")]
    [InlineData("""{"a":{"b":1}}""", """{"a":"text"}""", """{"a":"text"}""")]
    [InlineData("""{"a":1}""", """{}""", """{"a":1}""")]
    public void Follows_RFC_7396(string document, string patch, string expected)
    {
        var merge = new MergePatch((JsonObject)JsonNode.Parse(patch)!) { Duplicates = [] };
        Assert.Equal(expected, merge.Apply((JsonObject)JsonNode.Parse(document)!).ToJsonString());
    }

    [Fact]
    public void May_be_applied_again_to_a_newer_document()
    {
        var merge = new MergePatch((JsonObject)JsonNode.Parse("""{"a":[{"b":1}]}""")!) { Duplicates = [] };
        var first = merge.Apply([]);
        first["a"]![0]!["b"] = 2;
        Assert.Equal("""{"a":[{"b":1}]}""", merge.Apply([]).ToJsonString());
    }
}
