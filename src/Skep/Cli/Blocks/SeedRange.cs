using System.CommandLine.Parsing;

namespace Skep.Cli.Blocks;

/// <summary>Seeds from one to another, both included: <c>1..1000</c>, or one alone: <c>17</c>.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The last.</param>
internal readonly record struct SeedRange(ulong From, ulong To)
{
    /// <summary>How many there are.</summary>
    public ulong Count => To - From + 1;

    /// <summary>Reads an option's value.</summary>
    public static SeedRange Parse(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        var parts = text.Split("..");
        if (parts.Length <= 2 && ulong.TryParse(parts[0], out var from) && ulong.TryParse(parts[^1], out var to)
            && from <= to && to < ulong.MaxValue)
        {
            return new(from, to);
        }
        result.AddError($"'{text}' is no range of seeds: expected FROM..TO, for example 1..1000, or one number");
        return default;
    }
}
