using System.CommandLine;
using System.Globalization;

namespace Skep.Cli;

/// <summary>Sizes as people write them: 512M, 10G, 1T; powers of 1,024.</summary>
internal static class ByteSizes
{
    private const string Units = "KMGTP";

    /// <summary>An option whose value is a size.</summary>
    public static Option<long?> Option(string name, string description)
    {
        var option = new Option<long?>(name)
        {
            Description = description,
            HelpName = "SIZE",
            CustomParser = result =>
            {
                if (Parse(result.Tokens[0].Value) is { } bytes)
                    return bytes;
                result.AddError($"{name}: \"{result.Tokens[0].Value}\" is not a size such as 512M, 10G or 1T");
                return null;
            },
        };
        return option;
    }

    /// <summary>Reads a size in bytes; null when it is none, or is 0.</summary>
    public static long? Parse(string text)
    {
        var number = text.TrimEnd('B').TrimEnd('i');
        var unit = number.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(number[^1]), StringComparison.Ordinal) + 1 : 0;
        if (unit > 0)
            number = number[..^1];
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && count <= long.MaxValue >> (10 * unit)
            ? count << (10 * unit)
            : null;
    }

    /// <summary>Writes a size: "1.5 GiB".</summary>
    public static string Render(long bytes)
    {
        var unit = 0;
        var value = (double)bytes;
        while (value >= 1024 && unit < Units.Length)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit - 1]}iB");
    }
}
