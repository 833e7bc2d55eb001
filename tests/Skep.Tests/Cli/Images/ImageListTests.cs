using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Images;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Images;

public sealed class ImageListTests
{
    private readonly ImageList _images = new(
    [
        Image("ami-0aaa", "debian-12", "available", 1), Image("ami-0bbb", "debian-12", "failed", 3), Image("ami-0ccc", "debian-12", "available", 2),
        Image("ami-0abc", "tiny", "pending", 1),
    ]);

    [Theory]
    [InlineData("debian-12", "ami-0ccc")]
    [InlineData("tiny", "ami-0abc")]
    [InlineData("ami-0bbb", "ami-0bbb")]
    [InlineData("ami-0b", "ami-0bbb")]
    [InlineData("0c", "ami-0ccc")]
    public void Finds_an_image_by_id_name_or_beginning_of_its_id(string word, string id) => Assert.Equal(id, _images.Find(word).Name());

    [Fact]
    public void Says_what_there_is_when_a_word_means_nothing()
    {
        var ex = Assert.Throws<CliException>(() => _images.Find("ubuntu"));
        Assert.Equal(ExitCode.NotFound, ex.Code);
        Assert.Contains("debian-12, tiny", ex.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_the_beginning_of_several_ids() => Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => _images.Find("ami-0a")).Code);

    private static JsonObject Image(string id, string name, string state, int day) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = id, ["creationTimestamp"] = $"2026-01-0{day}T00:00:00Z" },
        ["spec"] = new JsonObject { ["name"] = name },
        ["status"] = new JsonObject { ["state"] = state },
    };
}
