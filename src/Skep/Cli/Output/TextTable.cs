using System.Text;

namespace Skep.Cli.Output;

/// <summary>Aligned columns with a header in capitals; three spaces between columns, none at the end of a line.</summary>
internal static class TextTable
{
    private const string Gap = "   ";

    /// <summary>Lays rows out; a missing or empty cell is empty.</summary>
    public static string Render(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var lines = new List<IReadOnlyList<string>> { columns.Select(c => c.ToUpperInvariant()).ToList() };
        lines.AddRange(rows);
        var widths = new int[columns.Count];
        foreach (var line in lines)
        {
            for (var i = 0; i < widths.Length; i++)
                widths[i] = Math.Max(widths[i], Cell(line, i).Length);
        }

        var text = new StringBuilder();
        foreach (var line in lines)
        {
            var start = text.Length;
            for (var i = 0; i < widths.Length; i++)
                text.Append(Cell(line, i).PadRight(widths[i])).Append(Gap);
            while (text.Length > start && text[^1] == ' ')
                text.Length--;
            text.Append('\n');
        }

        return text.ToString();
    }

    // Text from a resource must not move the cursor or break the line.
    private static string Cell(IReadOnlyList<string> line, int index)
    {
        var text = index < line.Count ? line[index] : "";
        return text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
            ? text
            : string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
