using System.Text.Json.Nodes;
using Skep.Compute.Kinds;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Patches;

namespace Skep.Kubernetes.Tests.Patches;

public sealed class JsonPatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":2}]""", """{"a":1,"b":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/a","value":2}]""", """{"a":2}""")]
    [InlineData("""{"a":[1,3]}""", """[{"op":"add","path":"/a/1","value":2}]""", """{"a":[1,2,3]}""")]
    [InlineData("""{"a":[1]}""", """[{"op":"add","path":"/a/-","value":2},{"op":"add","path":"/a/2","value":3}]""", """{"a":[1,2,3]}""")]
    [InlineData("""{"a":1,"b":2}""", """[{"op":"remove","path":"/a"}]""", """{"b":2}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"replace","path":"/a/1","value":9}]""", """{"a":[1,9]}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"replace","path":"","value":{"c":3}}]""", """{"c":3}""")]
    [InlineData("""{"a":1}""", """[{"op":"move","from":"/a","path":"/b"}]""", """{"b":1}""")]
    [InlineData("""{"a":[1,2,3]}""", """[{"op":"move","from":"/a/0","path":"/a/2"}]""", """{"a":[2,3,1]}""")]
    [InlineData("""{"a":1}""", """[{"op":"move","from":"/a","path":"/a"}]""", """{"a":1}""")]
    [InlineData("""{"a":{"b":[1]}}""", """[{"op":"copy","from":"/a/b","path":"/c"}]""", """{"a":{"b":[1]},"c":[1]}""")]
    [InlineData("""{"a":1.0}""", """[{"op":"test","path":"/a","value":1}]""", """{"a":1.0}""")]
    [InlineData("""{"a":{"x":1,"y":[2]}}""", """[{"op":"test","path":"/a","value":{"y":[2],"x":1}}]""", """{"a":{"x":1,"y":[2]}}""")]
    [InlineData("""{"a/b":{"~":1}}""", """[{"op":"replace","path":"/a~1b/~0","value":2}]""", """{"a/b":{"~":2}}""")]
    [InlineData("""{"":1}""", """[{"op":"replace","path":"/","value":2}]""", """{"":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":null},{"op":"test","path":"/b","value":null}]""", """{"a":1,"b":null}""")]
    [InlineData("""{"a":1}""", "[]", """{"a":1}""")]
    public void Follows_RFC_6902(string document, string patch, string expected) =>
        Assert.Equal(expected, Make(patch).Apply((JsonObject)JsonNode.Parse(document)!).ToJsonString());

    [Theory]
    [InlineData("""[{"op":"remove","path":"/missing"}]""")]
    [InlineData("""[{"op":"replace","path":"/missing","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/missing/x","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/9","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/01","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/+1","value":1}]""")]
    [InlineData("""[{"op":"replace","path":"/list/-","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/text/x","value":1}]""")]
    [InlineData("""[{"op":"test","path":"/text","value":"other"}]""")]
    [InlineData("""[{"op":"test","path":"/missing","value":null}]""")]
    [InlineData("""[{"op":"move","from":"/nested","path":"/nested/b"}]""")]
    [InlineData("""[{"op":"remove","path":""}]""")]
    [InlineData("""[{"op":"copy","from":"/missing","path":"/b"}]""")]
    public void Refuses_operations_that_do_not_fit(string patch)
    {
        var document = (JsonObject)JsonNode.Parse("""{"text":"x","list":[1],"nested":{"b":1},"metadata":{"name":"n"}}""")!;
        var failure = Assert.Throws<ApiException>(() => Make(patch).Apply(document));
        Assert.Equal(422, failure.Code);
        Assert.Contains("operation 0", failure.Message);
        Assert.Equal("n", failure.Details!.Name);
    }

    [Theory]
    [InlineData("""[{"path":"/a"}]""")]
    [InlineData("""[{"op":"add","path":"/a"}]""")]
    [InlineData("""[{"op":"merge","path":"/a","value":1}]""")]
    [InlineData("""[{"op":"add","path":"a","value":1}]""")]
    [InlineData("""[{"op":"add","path":7,"value":1}]""")]
    [InlineData("""[{"op":"move","path":"/a"}]""")]
    [InlineData("""[1]""")]
    public void Refuses_malformed_operations(string patch) =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => Make(patch)).Code);

    [Fact]
    public void A_copy_bomb_is_refused_long_before_it_is_big()
    {
        // Each copy doubles the list: thirty operations would be a billion elements.
        var operations = Enumerable.Repeat("""{"op":"copy","from":"/a","path":"/a/-"}""", 30);
        var wide = """[{"op":"add","path":"/a","value":["0123456789"]},""" + string.Join(',', operations) + "]";
        Assert.Equal(422, Assert.Throws<ApiException>(() => Make(wide).Apply([])).Code);
    }

    [Fact]
    public void A_result_that_nests_too_deep_is_refused()
    {
        // Each copy puts the object into itself: one level more.
        var operations = Enumerable.Repeat("""{"op":"copy","from":"/a","path":"/a/x"}""", 70);
        var deep = """[{"op":"add","path":"/a","value":{}},""" + string.Join(',', operations) + "]";
        Assert.Contains("deeper", Assert.Throws<ApiException>(() => Make(deep).Apply([])).Message);
    }

    [Fact]
    public void Many_moves_of_a_big_tree_are_refused_before_they_take_long()
    {
        var document = new JsonObject { ["a"] = new JsonArray([.. Enumerable.Range(0, 20_000).Select(i => (JsonNode)i)]) };
        var back = """{"op":"move","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a"}""";
        var patch = "[" + string.Join(',', Enumerable.Repeat(back, 1_000)) + "]";
        Assert.Contains("too much", Assert.Throws<ApiException>(() => Make(patch).Apply(document)).Message);
    }

    [Fact]
    public void Too_many_operations_are_refused()
    {
        var patch = new JsonArray([.. Enumerable.Range(0, JsonPatch.OperationsMax + 1).Select(_ => (JsonNode)new JsonObject { ["op"] = "remove", ["path"] = "/a" })]);
        Assert.Equal(413, Assert.Throws<ApiException>(() => new JsonPatch(patch, ComputeKinds.Instance) { Duplicates = [] }).Code);
    }

    private static JsonPatch Make(string patch) => new((JsonArray)JsonNode.Parse(patch)!, ComputeKinds.Instance) { Duplicates = [] };
}
