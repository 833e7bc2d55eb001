using System.CommandLine;

namespace Skep.Cli.Output;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>Aligned columns for people.</summary>
    Table,

    /// <summary>The same with more columns.</summary>
    Wide,

    /// <summary>The resource, or a list of them, as JSON.</summary>
    Json,

    /// <summary>The same as YAML.</summary>
    Yaml,

    /// <summary>Names alone, one a line.</summary>
    Name,
}

/// <summary>The <c>-o</c> option.</summary>
internal static class OutputOption
{
    private static readonly string[] _names = ["table", "wide", "json", "yaml", "name"];

    /// <summary>A new option for one verb.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "table, wide, json, yaml or name.",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => "table",
        };
        option.AcceptOnlyFromAmong(_names);
        return option;
    }

    /// <summary>The format that was asked for.</summary>
    public static OutputFormat Read(ParseResult parsed, Option<string> option) => parsed.GetValue(option) switch
    {
        "wide" => OutputFormat.Wide,
        "json" => OutputFormat.Json,
        "yaml" => OutputFormat.Yaml,
        "name" => OutputFormat.Name,
        _ => OutputFormat.Table,
    };
}
