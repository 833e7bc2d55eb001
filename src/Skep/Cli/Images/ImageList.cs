using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Images;

/// <summary>The images of a cloud at one moment, and how people name them.</summary>
internal sealed class ImageList(IReadOnlyList<JsonObject> images)
{
    private const string IdPrefix = "ami-";

    /// <summary>All of them, by name, newest first.</summary>
    public IReadOnlyList<JsonObject> All { get; } =
    [
        .. images.OrderBy(NameOf, StringComparer.Ordinal)
            .ThenByDescending(i => i.TextAt("metadata.creationTimestamp"), StringComparer.Ordinal),
    ];

    /// <summary>Asks the cloud.</summary>
    public static async Task<ImageList> LoadAsync(SkepClient client, CancellationToken ct)
    {
        var list = await client.Resources.ListAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        return new ImageList([.. list.ItemsAt("items").Select(i => i.AsObject())]);
    }

    /// <summary>The image's name, for example debian-12.</summary>
    public static string NameOf(JsonNode image) => image.TextAt("spec.name") ?? image.Name();

    /// <summary>pending, available, failed, …</summary>
    public static string StateOf(JsonNode image) => image.TextAt("status.state") ?? "pending";

    /// <summary>"debian-12 (ami-0123…)".</summary>
    public static string DisplayName(JsonNode image) => $"{NameOf(image)} ({image.Name()})";

    /// <summary>
    /// The image that a word means: its id, its name, or the beginning of its id. Of several with one name the newest that
    /// can be used is meant.
    /// </summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="CliException">The beginning of an id fits several.</exception>
    public JsonObject? TryFind(string word)
    {
        if (All.FirstOrDefault(i => i.Name() == word) is { } exact)
            return exact;
        var named = All.Where(i => NameOf(i) == word).ToList();
        if ((named.FirstOrDefault(i => StateOf(i) == "available") ?? named.FirstOrDefault()) is { } best)
            return best;
        var begun = All.Where(i => word.Length > 0 && (i.Name().StartsWith(IdPrefix + word, StringComparison.Ordinal)
            || (word.StartsWith(IdPrefix, StringComparison.Ordinal) && i.Name().StartsWith(word, StringComparison.Ordinal)))).ToList();
        return begun.Count < 2
            ? begun.FirstOrDefault()
            : throw new CliException($"\"{word}\" means {begun.Count} images: {string.Join(", ", begun.Select(i => i.Name()))}", ExitCode.Usage, "Say which by more of its id.");
    }

    /// <summary>The same for images that must be there.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public JsonObject Find(string word) => TryFind(word)
        ?? throw new CliException($"there is no image \"{word}\"", ExitCode.NotFound, All.Count == 0
            ? "There are none yet; `skep image build debian-12` makes one, `skep image pull` fetches one."
            : $"There are: {string.Join(", ", All.Select(NameOf).Distinct(StringComparer.Ordinal))}. `skep image build` and `skep image pull` make others.");
}
