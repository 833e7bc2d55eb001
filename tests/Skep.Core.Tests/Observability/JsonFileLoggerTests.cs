using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Skep.Core.Observability;
using Skep.Testing;

namespace Skep.Core.Tests.Observability;

public sealed class JsonFileLoggerTests
{
    [Fact]
    public void A_line_is_an_object_with_the_message_and_its_values()
    {
        using var directory = new TempDirectory();
        using (var provider = Provider(directory))
        {
            provider.CreateLogger("Skep.Test").LogWarning(new EventId(7), new InvalidOperationException("boom"), "disk {Path} has {Free} of {Message}\n\"left\"", "/d", 12L, "m");
        }

        var line = JsonNode.Parse(Assert.Single(Lines(directory["skep.log"])))!;
        Assert.Equal("2026-01-02T03:04:05Z", (string?)line["time"]);
        Assert.Equal("warning", (string?)line["level"]);
        Assert.Equal("Skep.Test", (string?)line["logger"]);
        Assert.Equal(7, (int)line["event"]!);
        Assert.Equal("disk /d has 12 of m\n\"left\"", (string?)line["message"]);
        Assert.Equal("/d", (string?)line["path"]);
        Assert.Equal(12, (int)line["free"]!);
        Assert.Equal("m", (string?)line["messageValue"]);
        Assert.Contains("boom", (string?)line["exception"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user {User} has {Password}")]
    [InlineData("user {User} has {SecretAccessKey}")]
    [InlineData("user {User} has {sessionToken}")]
    [InlineData("user {User} sent {Authorization}")]
    public void Values_that_are_called_secret_are_not_written(string template)
    {
        using var directory = new TempDirectory();
        using (var provider = Provider(directory))
        {
#pragma warning disable CA2254 // the template is the test's parameter
            provider.CreateLogger("Skep.Test").LogInformation(template, "ann", "hunter2");
#pragma warning restore CA2254
        }

        var text = File.ReadAllText(directory["skep.log"]);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.Contains("\"user\":\"ann\"", text, StringComparison.Ordinal);
        Assert.Contains(template, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_file_is_put_aside_and_the_oldest_goes()
    {
        using var directory = new TempDirectory();
        using (var provider = new JsonFileLoggerProvider(directory["skep.log"], sizeMaxBytes: 1_000, filesKept: 2, new TestClock()))
        {
            var logger = provider.CreateLogger("Skep.Test");
            for (var i = 0; i < 100; i++)
                logger.LogInformation("line {Number}", i);
            Assert.Equal(0, provider.LinesLost);
        }

        Assert.Equal(["skep.log", "skep.log.1", "skep.log.2"], Directory.GetFiles(directory.Path).Select(Path.GetFileName).Order());
        var numbers = ((string[])["skep.log.2", "skep.log.1", "skep.log"]).SelectMany(f => Lines(directory[f])).Select(l => (int)JsonNode.Parse(l)!["number"]!).ToList();
        Assert.Equal(Enumerable.Range(100 - numbers.Count, numbers.Count), numbers);
        Assert.All(Directory.GetFiles(directory.Path), f => Assert.True(new FileInfo(f).Length <= 1_000));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["skep.log"]));
    }

    [Fact]
    public void A_restart_appends()
    {
        using var directory = new TempDirectory();
        for (var i = 0; i < 2; i++)
        {
            using var provider = Provider(directory);
            provider.CreateLogger("Skep.Test").LogInformation("start");
        }

        Assert.Equal(2, Lines(directory["skep.log"]).Length);
    }

    [Fact]
    public void A_file_that_cannot_be_rotated_costs_lines_and_no_exception()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["skep.log.1"] + "/in-the-way");
        using var provider = new JsonFileLoggerProvider(directory["skep.log"], sizeMaxBytes: 200, filesKept: 1, new TestClock());
        var logger = provider.CreateLogger("Skep.Test");
        for (var i = 0; i < 10; i++)
            logger.LogInformation("line {Number}", i);
        Assert.True(provider.LinesLost > 0);
    }

    [Fact]
    public async Task Concurrent_lines_stay_whole()
    {
        using var directory = new TempDirectory();
        using (var provider = Provider(directory))
        {
            var logger = provider.CreateLogger("Skep.Test");
            await Task.WhenAll(Enumerable.Range(0, 8).Select(t => Task.Run(
                () =>
                {
                    for (var i = 0; i < 200; i++)
                        logger.LogInformation("thread {Thread} line {Number}", t, i);
                },
                TestContext.Current.CancellationToken)));
        }

        Assert.Equal(1_600, Lines(directory["skep.log"]).Select(l => JsonNode.Parse(l)!["message"]!.ToString()).Distinct().Count());
    }

    private static JsonFileLoggerProvider Provider(TempDirectory directory) =>
        new(directory[JsonFileLoggerProvider.FileName], sizeMaxBytes: 10_000_000, filesKept: 5, new TestClock());

    private static string[] Lines(string path) => File.ReadAllLines(path);
}
