using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Vm;

/// <summary>The virtual machines of a cloud at one moment, and how people name them.</summary>
internal sealed class VmList(IReadOnlyList<JsonObject> instances)
{
    /// <summary>EC2's state of what is gone for good.</summary>
    public const string Terminated = "terminated";

    private const string IdPrefix = "i-";

    /// <summary>All of them, terminated ones too, in the order of their names.</summary>
    public IReadOnlyList<JsonObject> All { get; } =
        [.. instances.OrderBy(i => i.Tag("Name") ?? "~", StringComparer.Ordinal).ThenBy(i => i.Name(), StringComparer.Ordinal)];

    /// <summary>Those that are not terminated.</summary>
    public IEnumerable<JsonObject> Alive => All.Where(i => StateOf(i) != Terminated);

    /// <summary>Asks the cloud.</summary>
    public static async Task<VmList> LoadAsync(SkepClient client, CancellationToken ct)
    {
        var list = await client.Resources.ListAsync(ApiResource.Instances, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        return new VmList([.. list.ItemsAt("items").Select(i => i.AsObject())]);
    }

    /// <summary>pending, running, …</summary>
    public static string StateOf(JsonNode instance) => instance.TextAt("status.state") ?? "pending";

    /// <summary>"web (i-0123…)", or the id alone.</summary>
    public static string DisplayName(JsonNode instance) =>
        instance.Tag("Name") is { Length: > 0 } name ? $"{name} ({instance.Name()})" : instance.Name();

    /// <summary>
    /// The machine that a word means: its id, its name (the Name tag), or the beginning of its id. Terminated machines
    /// count only when nothing else answers.
    /// </summary>
    /// <exception cref="CliException">None, or several.</exception>
    public JsonObject Find(string word)
    {
        if (All.FirstOrDefault(i => i.Name() == word) is { } exact)
            return exact;
        var alive = Alive.ToList();
        var gone = All.Where(i => StateOf(i) == Terminated).ToList();
        return One(word, alive.Where(i => i.Tag("Name") == word))
            ?? One(word, alive.Where(i => IsPrefix(word, i)))
            ?? One(word, gone.Where(i => i.Tag("Name") == word))
            ?? One(word, gone.Where(i => IsPrefix(word, i)))
            ?? throw new CliException($"there is no VM \"{word}\"", ExitCode.NotFound, alive.Count == 0
                ? "There are none; `skep vm run --image debian-12` starts one."
                : $"There are: {string.Join(", ", alive.Select(i => i.Tag("Name") ?? i.Name()))}.");
    }

    /// <summary>The machines that words mean, each once.</summary>
    public IReadOnlyList<JsonObject> FindAll(IEnumerable<string> words) => [.. words.Select(Find).DistinctBy(i => i.Name())];

    private static bool IsPrefix(string word, JsonNode instance) =>
        word.Length > 0 && (instance.Name().StartsWith(word, StringComparison.Ordinal)
            || instance.Name().StartsWith(IdPrefix + word, StringComparison.Ordinal));

    private static JsonObject? One(string word, IEnumerable<JsonObject> found) => found.ToList() switch
    {
        [] => null,
        [var one] => one,
        var several => throw new CliException(
            $"\"{word}\" means {several.Count} VMs: {string.Join(", ", several.Select(i => i.Name()))}", ExitCode.Usage, "Say which by more of its id."),
    };
}
