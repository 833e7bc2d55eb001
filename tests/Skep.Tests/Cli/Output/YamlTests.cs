using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Output;

public sealed class YamlTests
{
    [Theory]
    [InlineData("""{"a":1}""", "a: 1\n")]
    [InlineData("""{"a":{"b":[1,{"c":"x","d":null}],"e":[]},"f":{}}""", "a:\n  b:\n  - 1\n  - c: x\n    d: null\n  e: []\nf: {}\n")]
    [InlineData("""[[1,2],[{"a":[3]}]]""", "- - 1\n  - 2\n- - a:\n    - 3\n")]
    [InlineData("""{"a":"one\ntwo\n"}""", "a: |\n  one\n  two\n")]
    [InlineData("""["one\n\n two"]""", "- |-\n  one\n\n   two\n")]
    [InlineData("""{"a":"12","b":"true","c":"no","d":"","e":"2026-01-02","f":"a: b","g":"- x"}""", "a: \"12\"\nb: \"true\"\nc: \"no\"\nd: \"\"\ne: \"2026-01-02\"\nf: \"a: b\"\ng: \"- x\"\n")]
    [InlineData("""{"a":"172.31.0.5/20","b":"1d901d18-4a","c":"i-0123","d":"häuser 🐝"}""", "a: 172.31.0.5/20\nb: 1d901d18-4a\nc: i-0123\nd: häuser 🐝\n")]
    [InlineData("""{"a":"tab\there","b":"\u0007"}""", "a: \"tab\\there\"\nb: \"\\u0007\"\n")]
    public void Writes_documents_in_block_style(string json, string yaml) =>
        Assert.Equal(yaml, YamlWriter.Render(JsonNode.Parse(json)));

    [Theory]
    [InlineData("a: 1\nb: [x, 2.5, true, null, ~]\n", """{"a":1,"b":["x",2.5,true,null,null]}""")]
    [InlineData("a: 'yes'\nb: yes\nc: 0x1F\nd: 1e3\ne: .5\n", """{"a":"yes","b":"yes","c":31,"d":1000,"e":0.5}""")]
    [InlineData("x: &base {a: 1}\ny: *base\n", """{"x":{"a":1},"y":{"a":1}}""")]
    [InlineData("a: !!str 12\nb: \"12\"\n", """{"a":"12","b":"12"}""")]
    [InlineData("t: |\n  one\n  two\n", """{"t":"one\ntwo\n"}""")]
    public void Reads_yaml_by_the_core_schema(string yaml, string json) =>
        Assert.Equal(JsonNode.Parse(json)!.ToJsonString(), YamlReader.ReadAll(yaml, "test").Single().ToJsonString());

    [Fact]
    public void Reads_several_documents_and_leaves_empty_ones_out() =>
        Assert.Equal(["""{"a":1}""", """{"b":2}"""], YamlReader.ReadAll("---\na: 1\n---\n---\nb: 2\n", "test").Select(d => d.ToJsonString()));

    [Fact]
    public void Reads_json_that_is_indented_with_tabs() =>
        Assert.Equal("""{"a":[1]}""", YamlReader.ReadAll("{\n\t\"a\": [\n\t\t1\n\t]\n}", "test").Single().ToJsonString());

    [Theory]
    [InlineData("a: [1\n", "test")]
    [InlineData("a: 1\na: 2\n", "there twice")]
    [InlineData("a: *nothing\n", "test")]
    [InlineData("? [a]\n: 1\n", "key")]
    public void Refuses_what_is_no_yaml_and_says_where(string yaml, string part)
    {
        var ex = Assert.Throws<CliException>(() => YamlReader.ReadAll(yaml, "test"));
        Assert.Contains("test", ex.Message, StringComparison.Ordinal);
        Assert.Contains(part, ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_aliases_that_expand_without_bound()
    {
        var yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("more than", Assert.Throws<CliException>(() => YamlReader.ReadAll(yaml, "test")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_nesting_without_bound() =>
        Assert.Contains("deeper", Assert.Throws<CliException>(() => YamlReader.ReadAll(new string('[', 200) + new string(']', 200), "test")).Message, StringComparison.Ordinal);

    [Fact]
    public void Reads_back_what_it_writes_for_random_documents()
    {
        const int Seed = 20260102;
        var random = new Random(Seed);
        for (var i = 0; i < 2_000; i++)
        {
            var document = Random(random, 0);
            var yaml = YamlWriter.Render(document);
            var back = YamlReader.ReadAll($"---\n{yaml}", $"seed {Seed}, document {i}").SingleOrDefault();
            Assert.True(JsonNode.DeepEquals(document, back), $"seed {Seed}, document {i}: {document.ToJsonString()} became {back?.ToJsonString()} by\n{yaml}");
        }
    }

    private static JsonNode Random(Random random, int depth)
    {
        const string Letters = "ab01 \n\t-:#'\"{}[],&*!|>%@`~.eExXtTyYnNüé\\";
        return random.Next(depth > 3 ? 2 : 4) switch
        {
            0 => JsonValue.Create(random.Next(-1000, 1000)),
            1 => JsonValue.Create(Text()),
            2 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Random(random, depth + 1))]),
            _ => new JsonObject(Enumerable.Range(0, random.Next(4)).Select(n => KeyValuePair.Create($"{Text()}{n}", (JsonNode?)Random(random, depth + 1)))),
        };

        string Text() => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Letters[random.Next(Letters.Length)]));
    }
}
