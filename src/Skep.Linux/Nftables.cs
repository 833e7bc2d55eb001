using System.Text;
using System.Text.Json;

namespace Skep.Linux;

/// <summary>nftables of this process's network namespace or of a named one. Stateless and thread-safe.</summary>
public sealed class Nftables(CommandRunner runner)
{
    /// <summary>Applies a ruleset as one transaction: all of it takes effect at once, or nothing does.</summary>
    /// <param name="ns">A named namespace; null for this process's own.</param>
    /// <param name="ruleset">What nft(8) reads with -f.</param>
    /// <exception cref="CommandException">nft refused it; the message has nft's own words.</exception>
    public Task ApplyAsync(string? ns, string ruleset, CancellationToken ct) =>
        runner.CheckAsync(InNamespace(ns, "-f", "-") with { Input = Encoding.UTF8.GetBytes(ruleset) }, ct);

    /// <summary>The tables there are, as "family name".</summary>
    public async Task<IReadOnlyList<string>> ListTablesAsync(string? ns, CancellationToken ct)
    {
        var result = await runner.CheckAsync(InNamespace(ns, "list", "tables"), ct);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("table ", "").Trim())];
    }

    /// <summary>The whole ruleset as nft prints it.</summary>
    public async Task<string> ListRulesetAsync(string? ns, CancellationToken ct) =>
        (await runner.CheckAsync(InNamespace(ns, "list", "ruleset"), ct)).Output;

    /// <summary>Removes a table if it is there.</summary>
    /// <param name="table">"family name", for example "inet filter".</param>
    public Task DeleteTableAsync(string? ns, string table, CancellationToken ct) =>
        // Declaring it first makes the deletion succeed whether it was there or not.
        ApplyAsync(ns, $"table {table}\ndelete table {table}\n", ct);

    /// <summary>The elements of a set of plain strings, such as device names; null when there is no such set.</summary>
    public async Task<IReadOnlyList<string>?> ListSetAsync(string? ns, string table, string set, CancellationToken ct)
    {
        var result = await runner.RunAsync(InNamespace(ns, ["--json", "list", "set", .. table.Split(' '), set]), ct);
        if (!result.IsSuccess && result.Error.Contains("No such file or directory", StringComparison.Ordinal))
            return null;
        if (!result.IsSuccess)
            throw new CommandException($"nft list set {table} {set} exited with {result.ExitCode}: {result.Error.Trim()}", result);
        using var document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.GetProperty("nftables").EnumerateArray()
            .Where(item => item.TryGetProperty("set", out var found) && found.TryGetProperty("elem", out _))
            .SelectMany(item => item.GetProperty("set").GetProperty("elem").EnumerateArray())
            .Select(element => element.GetString()!)];
    }

    private static Command InNamespace(string? ns, params ReadOnlySpan<string> arguments) =>
        ns is null
            ? new Command("nft", [.. arguments])
            : new Command("nsenter", [$"--net={NetworkNamespace.PathOf(ns)}", "nft", .. arguments]);
}
