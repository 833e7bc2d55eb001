using System.Text;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Tests.Requests;

public sealed class YamlTreeTests
{
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: 1.5\nb: -3\nc: 0x1F", """{"a":1.5,"b":-3,"c":31}""")]
    [InlineData("a: true\nb: null\nc:\nd: ~", """{"a":true,"b":null,"c":null,"d":null}""")]
    [InlineData("a: \"1\"\nb: 'true'\nc: !!str 5", """{"a":"1","b":"true","c":"5"}""")]
    [InlineData("a: t3.micro\nb: 1.2.3\nc: 10.0.0.1\nd: 12abc", """{"a":"t3.micro","b":"1.2.3","c":"10.0.0.1","d":"12abc"}""")]
    [InlineData("a:\n- x\n- y: [1, {z: 2}]", """{"a":["x",{"y":[1,{"z":2}]}]}""")]
    [InlineData("a: |\n  two\n  lines\n", """{"a":"two\nlines\n"}""")]
    [InlineData("---\na: 1\n...\n", """{"a":1}""")]
    public void Reads_the_core_schema(string yaml, string expected) =>
        Assert.Equal(expected, YamlTree.ParseObject(Encoding.UTF8.GetBytes(yaml), []).ToJsonString());

    [Theory]
    [InlineData("- a")]
    [InlineData("text")]
    [InlineData("a: 1\n---\nb: 2")]
    [InlineData("a: &x 1\nb: *x")]
    [InlineData("a: [")]
    [InlineData("? [a]\n: 1")]
    [InlineData("a: \"\\ud800\"")]
    [InlineData("a: \t- b: c:")]
    public void Refuses_the_rest(string yaml) =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => YamlTree.ParseObject(Encoding.UTF8.GetBytes(yaml), [])).Code);

    [Fact]
    public void Refuses_deep_nesting() =>
        Assert.Contains("deeper", Assert.Throws<ApiException>(() => YamlTree.ParseObject(Encoding.UTF8.GetBytes("a: " + new string('[', 5_000)), [])).Message);

    [Fact]
    public void Reports_keys_that_occur_twice()
    {
        var duplicates = new List<string>();
        YamlTree.ParseObject("spec:\n  a: 1\n  a: 2\n"u8.ToArray(), duplicates);
        Assert.Equal(["spec.a"], duplicates);
    }
}
