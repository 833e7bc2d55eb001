using Skep.Cli.Client;

namespace Skep.Cli.Resources;

/// <summary>What a verb on any kind works on: a kind, and the names said (none: all of them).</summary>
internal sealed record Target(ApiResource Kind, IReadOnlyList<string> Names)
{
    /// <summary>
    /// Reads "instances", "instances i-1 i-2", "instance/i-1 volume/vol-1" or "instances,volumes".
    /// </summary>
    /// <exception cref="CliException">A kind is unknown or ambiguous, or the forms are mixed.</exception>
    public static IReadOnlyList<Target> Parse(Discovery discovery, IReadOnlyList<string> words)
    {
        if (words.Any(w => w.Contains('/', StringComparison.Ordinal)))
            return [.. words.Select(w => ParseSlashed(discovery, w))];
        var kinds = KindsOf(discovery, words[0]);
        var names = words.Skip(1).ToList();
        return kinds.Count > 1 && names.Count > 0
            ? throw new CliException($"names cannot be given for several kinds ({words[0]})", ExitCode.Usage, "Write KIND/NAME for each.")
            : [.. kinds.Select(k => new Target(k, names))];
    }

    private static List<ApiResource> KindsOf(Discovery discovery, string word) =>
        [.. word.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(discovery.Find)];

    private static Target ParseSlashed(Discovery discovery, string word)
    {
        var slash = word.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < word.Length - 1
            ? new Target(discovery.Find(word[..slash]), [word[(slash + 1)..]])
            : throw new CliException($"\"{word}\" is not KIND/NAME", ExitCode.Usage);
    }
}
