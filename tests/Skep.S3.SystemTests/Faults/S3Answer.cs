using System.Text;

namespace Skep.S3.SystemTests.Faults;

/// <summary>An answer as it came; status 0 when the connection ended without one.</summary>
internal sealed record S3Answer(int Status, string Head, byte[] Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The code of the error document; empty without one.</summary>
    public string Code => Text.Split("<Code>") is [_, var rest, ..] ? rest.Split("</Code>")[0] : "";

    /// <summary>A header's value; empty when it is not there.</summary>
    public string Header(string name) =>
        Head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";

    /// <summary>Reads an answer that ends with its connection.</summary>
    public static S3Answer Parse(byte[] bytes)
    {
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return new S3Answer(0, "", bytes);
        var head = Encoding.Latin1.GetString(bytes, 0, end);
        var answer = new S3Answer(int.Parse(head.AsSpan(9, 3), provider: null), head, bytes[(end + 4)..]);
        return answer.Header("Transfer-Encoding").Length == 0 ? answer : answer with { Body = Unchunk(answer.Body) };
    }

    private static byte[] Unchunk(byte[] bytes)
    {
        using var body = new MemoryStream();
        for (var at = 0; ;)
        {
            var line = bytes.AsSpan(at).IndexOf("\r\n"u8);
            var size = line < 0 ? 0 : int.Parse(Encoding.ASCII.GetString(bytes, at, line), System.Globalization.NumberStyles.HexNumber, provider: null);
            if (size == 0)
                return body.ToArray();
            body.Write(bytes, at + line + 2, size);
            at += line + 2 + size + 2;
        }
    }
}
