using System.Text;

namespace Skep.Cli.Client;

/// <summary>What of a kind is listed or watched.</summary>
internal sealed record ListQuery
{
    /// <summary>All of it.</summary>
    public static readonly ListQuery All = new();

    /// <summary>"app=web,tier!=db".</summary>
    public string? LabelSelector { get; init; }

    /// <summary>"metadata.name=web".</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The resource of one name.</summary>
    public static ListQuery OfName(string name) => new() { FieldSelector = $"metadata.name={name}" };

    /// <summary>The query string, with "?" when there is anything in it.</summary>
    public string QueryString(params ReadOnlySpan<(string Name, string? Value)> more)
    {
        var text = new StringBuilder();
        Append(text, "labelSelector", LabelSelector);
        Append(text, "fieldSelector", FieldSelector);
        foreach (var (name, value) in more)
            Append(text, name, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
    }
}
