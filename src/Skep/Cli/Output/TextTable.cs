using System.Text;

namespace Skep.Cli.Output;

/// <summary>Aligned columns with a header in capitals; three spaces between columns, none at the end of a line.</summary>
internal sealed class TextTable
{
    private const string Gap = "   ";

    private readonly string[] _columns;
    private readonly int[] _widths;

    /// <summary>Makes a table as wide as its first rows need; rows that come later may stick out.</summary>
    public TextTable(IEnumerable<string> columns, IReadOnlyCollection<IReadOnlyList<string>> rows)
    {
        _columns = [.. columns.Select(c => c.ToUpperInvariant())];
        _widths = [.. _columns.Select((column, i) => rows.Select(r => Cell(r, i).Length).Append(column.Length).Max())];
    }

    /// <summary>The header's line.</summary>
    public string Header => Line(_columns);

    /// <summary>Lays rows out below a header; a missing cell is empty.</summary>
    public static string Render(IEnumerable<string> columns, IReadOnlyCollection<IReadOnlyList<string>> rows)
    {
        var table = new TextTable(columns, rows);
        return table.Header + string.Concat(rows.Select(table.Line));
    }

    /// <summary>One row's line.</summary>
    public string Line(IReadOnlyList<string> row)
    {
        var text = new StringBuilder();
        for (var i = 0; i < _widths.Length; i++)
            text.Append(Cell(row, i).PadRight(_widths[i])).Append(Gap);
        return text.ToString().TrimEnd(' ') + "\n";
    }

    // Text from a resource must not move the cursor or break the line.
    private static string Cell(IReadOnlyList<string> row, int index) =>
        index < row.Count ? string.Concat(row[index].Select(c => char.IsControl(c) ? ' ' : c)) : "";
}
