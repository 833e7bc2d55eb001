using System.Text;

namespace Skep.Cli.Vm;

/// <summary>
/// The file to which the hypervisor copies a machine's serial console, on the machine's own node. Elsewhere the EC2 API
/// gives the last part of it.
/// </summary>
internal sealed class ConsoleLog(string dataDirectory, string instanceId)
{
    private const int TailBytes = 4096;

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.Combine(dataDirectory, "instances", instanceId, "console.log");

    /// <summary>Whether the machine runs here.</summary>
    public bool Exists => File.Exists(Path);

    /// <summary>The last line with anything on it, without escape sequences; "" when there is none.</summary>
    public string LastLine()
    {
        try
        {
            using var file = Open();
            file.Seek(Math.Max(0, file.Length - TailBytes), SeekOrigin.Begin);
            var tail = new byte[TailBytes];
            var count = file.ReadAtLeast(tail, TailBytes, throwOnEndOfStream: false);
            return Plain(Encoding.UTF8.GetString(tail, 0, count)).Split('\n').Select(l => l.Trim()).LastOrDefault(l => l.Length > 0) ?? "";
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return ""; // only an ornament of the progress line
        }
    }

    /// <summary>Opens the file while the hypervisor writes to it.</summary>
    public FileStream Open() => new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Text without control sequences (ECMA-48): safe on any terminal.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\e')
            {
                i = SkipSequence(text, i);
                continue;
            }

            if (text[i] is '\n' or '\t' || !char.IsControl(text[i]))
                plain.Append(text[i]);
        }

        return plain.ToString();
    }

    // Returns the index of the sequence's last character.
    private static int SkipSequence(string text, int escape)
    {
        var i = escape + 1;
        if (i >= text.Length || text[i] != '[')
            return Math.Min(i, text.Length - 1);
        for (i++; i < text.Length && text[i] is < '@' or > '~'; i++)
        {
        }

        return Math.Min(i, text.Length - 1);
    }
}
