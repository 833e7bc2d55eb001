namespace Skep.Bench.S3;

/// <summary>An answer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Head">Status line and headers.</param>
/// <param name="Length">Bytes of its body.</param>
/// <param name="Text">Its body where that is a document; else empty.</param>
internal sealed record S3Reply(int Status, string Head, long Length, string Text)
{
    /// <summary>A header's value; empty when it is not there.</summary>
    public string Header(string name) =>
        Head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";

    /// <summary>The text of an XML element; empty when it is not there.</summary>
    public string Element(string name) => Text.Split($"<{name}>") is [_, var rest, ..] ? rest.Split("</")[0] : "";
}
