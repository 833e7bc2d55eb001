using Skep.Cli.Terminal;
using Skep.Testing;

namespace Skep.Tests.Cli;

public sealed class ProgressLineTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly TestClock _clock = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public async Task Writes_a_line_for_each_phase_where_nobody_watches()
    {
        await using var progress = ProgressLine.Start(_output, TerminalStyle.Plain, _clock, "Building");
        progress.Report("one");
        progress.Report("one", 0.5);
        progress.Report("two");
        _clock.Advance(TimeSpan.FromSeconds(75));
        progress.Done();
        Assert.Equal("Building: one\nBuilding: two\n✓ Building (1m15s)\n", _output.ToString());
    }

    [Fact]
    public async Task Redraws_one_line_within_the_terminals_width()
    {
        await using var progress = ProgressLine.Start(_output, new TerminalStyle(IsTerminal: true, UseColor: false, 60), _clock, "Building");
        progress.Report(new string('x', 100), 0.5);
        _clock.Advance(TimeSpan.FromMilliseconds(150));
        progress.Done("Built");
        var drawn = _output.ToString().Split('\r')[1];
        Assert.StartsWith("[############............]  50% Building 0s  xxx", drawn, StringComparison.Ordinal);
        Assert.Equal(59, drawn.Replace("\e[K", "", StringComparison.Ordinal).Length);
        Assert.EndsWith("\r\e[K✓ Built\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Marks_a_step_that_was_left_as_failed()
    {
        await using (ProgressLine.Start(_output, TerminalStyle.Plain, _clock, "Building"))
        {
        }

        Assert.Equal("✗ Building\n", _output.ToString());
    }
}
