using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Output;
using Skep.Cli.Vm;

namespace Skep.Tests.Cli.Vm;

public sealed class VmListTests
{
    private readonly VmList _vms = new(
    [
        Vm("i-0aaaa", "web", "running"), Vm("i-0aabb", "db", "stopped"), Vm("i-0cccc", null, "running"),
        Vm("i-0dddd", "web", "terminated"), Vm("i-0eeee", "old", "terminated"), Vm("i-0ffff", "twin", "running"), Vm("i-0fff0", "twin", "running"),
    ]);

    [Theory]
    [InlineData("i-0aabb", "i-0aabb")]
    [InlineData("web", "i-0aaaa")]
    [InlineData("i-0c", "i-0cccc")]
    [InlineData("0c", "i-0cccc")]
    [InlineData("old", "i-0eeee")]
    [InlineData("i-0d", "i-0dddd")]
    public void Finds_a_machine_by_id_name_or_beginning_of_its_id(string word, string id) => Assert.Equal(id, _vms.Find(word).Name());

    [Theory]
    [InlineData("i-0aa")]
    [InlineData("twin")]
    public void Refuses_a_word_that_means_several(string word)
    {
        var ex = Assert.Throws<CliException>(() => _vms.Find(word));
        Assert.Equal(ExitCode.Usage, ex.Code);
        Assert.Contains("means 2 VMs", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_what_there_is_when_a_word_means_nothing()
    {
        var ex = Assert.Throws<CliException>(() => _vms.Find("nope"));
        Assert.Equal(ExitCode.NotFound, ex.Code);
        Assert.Contains("web", ex.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("old", ex.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_a_machine_once_that_is_named_twice() => Assert.Equal(["i-0aaaa"], _vms.FindAll(["web", "i-0aaaa"]).Select(i => i.Name()));

    private static JsonObject Vm(string id, string? name, string state) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = id },
        ["spec"] = name is null ? new JsonObject() : new JsonObject { ["tags"] = new JsonObject { ["Name"] = name } },
        ["status"] = new JsonObject { ["state"] = state },
    };
}
