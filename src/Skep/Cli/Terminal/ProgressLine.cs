namespace Skep.Cli.Terminal;

/// <summary>
/// Progress of one step on the terminal's error side: a spinner or bar that redraws its line where a person reads, plain
/// lines (one for each change of phase) where a file does. Safe to report to from any thread.
/// </summary>
internal sealed class ProgressLine : IAsyncDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan _frame = TimeSpan.FromMilliseconds(120);
    private static readonly char[] _spinner = ['|', '/', '-', '\\'];
    private readonly TextWriter _output;
    private readonly TerminalStyle _style;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly long _started;
    private readonly ITimer? _timer;
    private readonly string _title;
    private string _detail = "";
    private double? _fraction;
    private string _lastPlain = "";
    private int _tick;
    private bool _isEnded;

    private ProgressLine(TextWriter output, TerminalStyle style, TimeProvider time, string title)
    {
        _output = output;
        _style = style;
        _time = time;
        _title = title;
        _started = time.GetTimestamp();
        if (style.IsTerminal)
            _timer = time.CreateTimer(_ => Draw(), null, _frame, _frame);
    }

    /// <summary>Begins a step.</summary>
    public static ProgressLine Start(TextWriter output, TerminalStyle style, TimeProvider time, string title) => new(output, style, time, title);

    /// <summary>Says how far the step is: a phase in words and, where it is known, a fraction from 0 to 1.</summary>
    public void Report(string detail, double? fraction = null)
    {
        lock (_lock)
        {
            if (_isEnded)
                return;
            _detail = detail;
            _fraction = fraction is { } f ? Math.Clamp(f, 0, 1) : null;
            if (_timer is null)
                WritePlain(detail.Length > 0 ? $"{_title}: {detail}" : _title);
        }
    }

    /// <summary>Ends the step with a line that stays.</summary>
    public void Done(string? text = null) => End(_style.Paint("✓", 32), text ?? _title);

    /// <summary>Ends the step as failed; the error itself is printed by the caller.</summary>
    public void Fail() => End(_style.Paint("✗", 31), _title);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
        Fail();
    }

    private void End(string mark, string text)
    {
        lock (_lock)
        {
            if (_isEnded)
                return;
            _isEnded = true;
            _timer?.Dispose();
            var elapsed = _time.GetElapsedTime(_started);
            var took = elapsed.TotalSeconds >= 1 ? $" ({Seconds(elapsed)})" : "";
            _output.Write(_timer is null ? $"{mark} {text}{took}\n" : $"\r\e[K{mark} {text}{took}\n");
            _output.Flush();
        }
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (_isEnded)
                return;
            var head = _fraction is { } fraction ? Bar(fraction) : _spinner[_tick++ % _spinner.Length].ToString();
            var line = $"{head} {_title} {Seconds(_time.GetElapsedTime(_started))}";
            if (_detail.Length > 0)
                line += $"  {_detail}";
            // A line that wraps cannot be redrawn in place.
            if (line.Length >= _style.Width)
                line = line[..(_style.Width - 1)];
            _output.Write($"\r{line}\e[K");
            _output.Flush();
        }
    }

    private void WritePlain(string line)
    {
        if (line == _lastPlain)
            return;
        _lastPlain = line;
        _output.Write($"{line}\n");
        _output.Flush();
    }

    private static string Bar(double fraction)
    {
        var filled = (int)Math.Round(fraction * BarWidth);
        return $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {fraction * 100,3:0}%";
    }

    private static string Seconds(TimeSpan span) =>
        span.TotalMinutes >= 1 ? $"{(int)span.TotalMinutes}m{span.Seconds:00}s" : $"{(int)span.TotalSeconds}s";
}
