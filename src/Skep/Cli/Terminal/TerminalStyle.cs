namespace Skep.Cli.Terminal;

/// <summary>What the terminal's error side can show.</summary>
/// <param name="IsTerminal">A person reads it; a line can be redrawn in place.</param>
/// <param name="UseColor">Colours are wanted (https://no-color.org).</param>
/// <param name="Width">Columns.</param>
internal sealed record TerminalStyle(bool IsTerminal, bool UseColor, int Width)
{
    private const int WidthMin = 40;
    private const int WidthDefault = 80;

    /// <summary>A file or a pipe.</summary>
    public static TerminalStyle Plain { get; } = new(IsTerminal: false, UseColor: false, 100);

    /// <summary>The process's own standard error.</summary>
    public static TerminalStyle ForProcess(Func<string, string?> environment)
    {
        if (Console.IsErrorRedirected)
            return Plain;
        var isDumb = environment("TERM") is null or "" or "dumb";
        var noColor = !string.IsNullOrEmpty(environment("NO_COLOR"));
        // A terminal that does not know its size says 0.
        var width = Console.WindowWidth is > 0 and var columns ? Math.Max(WidthMin, columns) : WidthDefault;
        return new TerminalStyle(!isDumb, !isDumb && !noColor, width);
    }

    /// <summary>Wraps a text in a colour when colours are wanted. <paramref name="sgr"/> is an SGR code of ECMA-48.</summary>
    public string Paint(string text, int sgr) => UseColor ? $"\e[{sgr}m{text}\e[0m" : text;
}
