using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Storage;

/// <summary>The volumes or the snapshots of a cloud at one moment, and how people name them.</summary>
/// <param name="noun">What they are called in messages.</param>
/// <param name="idPrefix">What their ids begin with.</param>
/// <param name="items">Them.</param>
internal sealed class StorageList(string noun, string idPrefix, IReadOnlyList<JsonObject> items)
{
    private const double BytesPerMib = 1 << 20;

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<JsonObject> All { get; } =
        [.. items.OrderBy(i => i.TextAt("metadata.creationTimestamp"), StringComparer.Ordinal).ThenBy(i => i.Name(), StringComparer.Ordinal)];

    /// <summary>Asks the cloud for its volumes.</summary>
    public static Task<StorageList> VolumesAsync(SkepClient client, CancellationToken ct) => LoadAsync(client, ApiResource.Volumes, "volume", "vol-", ct);

    /// <summary>Asks the cloud for its snapshots.</summary>
    public static Task<StorageList> SnapshotsAsync(SkepClient client, CancellationToken ct) => LoadAsync(client, ApiResource.Snapshots, "snapshot", "snap-", ct);

    /// <summary>"data (vol-0123…)", or the id alone.</summary>
    public static string DisplayName(JsonNode item) => item.Tag("Name") is { Length: > 0 } name ? $"{name} ({item.Name()})" : item.Name();

    /// <summary>Bytes for people: 1.5 GiB, 20 MiB.</summary>
    public static string Size(double bytes) =>
        bytes >= 1024 * BytesPerMib ? string.Create(CultureInfo.InvariantCulture, $"{bytes / BytesPerMib / 1024:0.#} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / BytesPerMib:0.#} MiB");

    /// <summary>The same for a number in a document; "-" when there is none.</summary>
    public static string Size(string? bytes) =>
        double.TryParse(bytes, NumberStyles.Float, CultureInfo.InvariantCulture, out var count) ? Size(count) : "-";

    /// <summary>The one that a word means: its id, its name (the Name tag), or the beginning of its id.</summary>
    /// <exception cref="CliException">None, or several.</exception>
    public JsonObject Find(string word) =>
        All.FirstOrDefault(i => i.Name() == word)
        ?? One(word, All.Where(i => i.Tag("Name") == word))
        ?? One(word, All.Where(i => word.Length > 0 && (i.Name().StartsWith(word, StringComparison.Ordinal) || i.Name().StartsWith(idPrefix + word, StringComparison.Ordinal))))
        ?? throw new CliException($"there is no {noun} \"{word}\"", ExitCode.NotFound, $"`skep {noun} list` shows those that there are.");

    /// <summary>Those that words mean, each once.</summary>
    public IReadOnlyList<JsonObject> FindAll(IEnumerable<string> words) => [.. words.Select(Find).DistinctBy(i => i.Name())];

    private static async Task<StorageList> LoadAsync(SkepClient client, ApiResource kind, string noun, string idPrefix, CancellationToken ct)
    {
        var list = await client.Resources.ListAsync(kind, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        return new StorageList(noun, idPrefix, [.. list.ItemsAt("items").Select(i => i.AsObject())]);
    }

    private JsonObject? One(string word, IEnumerable<JsonObject> found) => found.ToList() switch
    {
        [] => null,
        [var one] => one,
        var several => throw new CliException(
            $"\"{word}\" means {several.Count} {noun}s: {string.Join(", ", several.Select(i => i.Name()))}", ExitCode.Usage, "Say which by more of its id."),
    };
}
