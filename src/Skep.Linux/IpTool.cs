using System.Text;
using System.Text.Json;

namespace Skep.Linux;

/// <summary>
/// iproute2: links, addresses, routes and neighbours of this process's network namespace or of a named one. Changes are
/// given as argument lists and run as one batch: one process however many there are. Stateless and thread-safe.
/// </summary>
public sealed class IpTool(CommandRunner runner)
{
    /// <summary>Runs commands in order, stopping at the first that fails; what came before it stays done.</summary>
    /// <param name="ns">A named namespace; null for this process's own.</param>
    /// <param name="commands">Arguments of ip(8), without "ip".</param>
    /// <exception cref="CommandException">One failed; the message has ip's own words.</exception>
    public async Task RunAsync(string? ns, IReadOnlyList<IpCommand> commands, CancellationToken ct)
    {
        if (commands.Count == 0)
            return;
        var input = Encoding.UTF8.GetBytes(string.Join('\n', commands) + "\n");
        var result = await runner.RunAsync(new Command("ip", [.. InNamespace(ns), "-batch", "-"]) { Input = input }, ct);
        if (result.IsSuccess)
            return;
        throw new CommandException($"ip {Where(ns)}: {result.Error.Trim().ReplaceLineEndings("; ")} (of: {string.Join("; ", commands)})", result);
    }

    /// <summary>The links there are.</summary>
    public async Task<IReadOnlyList<Link>> ListLinksAsync(string? ns, CancellationToken ct) =>
        await QueryAsync(ns, ["-details", "link", "show"], Link.Parse, ct);

    /// <summary>The IPv4 addresses there are.</summary>
    public async Task<IReadOnlyList<LinkAddress>> ListAddressesAsync(string? ns, CancellationToken ct) =>
        [.. (await QueryAsync(ns, ["-4", "address", "show"], LinkAddress.ParseLink, ct)).SelectMany(a => a)];

    /// <summary>The IPv4 routes of the main table.</summary>
    public async Task<IReadOnlyList<Route>> ListRoutesAsync(string? ns, CancellationToken ct) =>
        await QueryAsync(ns, ["-4", "route", "show"], Route.Parse, ct);

    /// <summary>Removes a link unless it is gone already; false when it was. Its addresses and routes go with it.</summary>
    public async Task<bool> DeleteLinkAsync(string? ns, string name, CancellationToken ct)
    {
        var result = await runner.RunAsync(new Command("ip", [.. InNamespace(ns), "link", "delete", "dev", name]), ct);
        if (result.IsSuccess)
            return true;
        if (result.Error.Contains("Cannot find device", StringComparison.Ordinal))
            return false;
        throw new CommandException($"ip {Where(ns)}: link {name} cannot be deleted: {result.Error.Trim()}", result);
    }

    private async Task<IReadOnlyList<T>> QueryAsync<T>(string? ns, string[] arguments, Func<JsonElement, T> parse, CancellationToken ct)
    {
        var result = await runner.CheckAsync(new Command("ip", [.. InNamespace(ns), "-json", .. arguments]), ct);
        if (string.IsNullOrWhiteSpace(result.Output))
            return [];
        using var document = JsonDocument.Parse(result.Output);
        // ip prints {} in place of what a filter left out.
        return [.. document.RootElement.EnumerateArray().Where(e => e.EnumerateObject().Any()).Select(parse)];
    }

    private static string[] InNamespace(string? ns) => ns is null ? [] : ["-netns", ns];

    private static string Where(string? ns) => ns is null ? "on the host" : $"in namespace {ns}";
}
