using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Images;

/// <summary>Has images made, by way of ImageImport resources that a node's agent works on, and follows the work.</summary>
internal static class ImageMaker
{
    /// <summary>How long a build or download may take unless the user says otherwise.</summary>
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(30);

    private const string RegionLabel = "topology.kubernetes.io/region";

    /// <summary>
    /// The image that a word means. One that is missing is built or pulled, after a question unless
    /// <paramref name="isAgreed"/> or --yes; one that is being made is waited for.
    /// </summary>
    /// <exception cref="CliException">There is none and none can be made, or it was declined.</exception>
    public static async Task<JsonObject> FindOrMakeAsync(
        CliContext context, ParseResult parsed, SkepClient client, string word, bool isAgreed, CancellationToken ct)
    {
        var images = await ImageList.LoadAsync(client, ct);
        if (images.TryFind(word) is { } found && ImageList.StateOf(found) is "available" or "pending")
            return await WaitAvailableAsync(context, client, found, TimeoutDefault, ct);

        if (await FindRunningAsync(client, word, ct) is { } running)
            return await FollowAsync(context, client, running.Name(), $"Making {word}", TimeoutDefault, ct);
        if (ImageSource.ForName(word) is not { } source)
            return images.Find(word); // tells what there is
        if (!isAgreed && !await context.ConfirmAsync(parsed, $"There is no image {word} yet. {source.Question}", ct))
            throw new CliException($"there is no image {word} yet", ExitCode.NotFound, $"`skep image {source.Verb} {word}` makes it, and so does --yes.");
        return await MakeAsync(context, client, source, new JsonObject { ["name"] = word }, TimeoutDefault, ct);
    }

    /// <summary>Begins to make an image.</summary>
    /// <param name="spec">Members of the ImageImport's spec beside its source.</param>
    /// <returns>The ImageImport's name.</returns>
    public static async Task<string> BeginAsync(SkepClient client, ImageSource source, JsonObject spec, CancellationToken ct)
    {
        spec["source"] = new JsonObject { [source.Member] = source.Value };
        spec["imageLabels"] = new JsonObject { [RegionLabel] = client.Files.Region };
        var document = new JsonObject
        {
            ["apiVersion"] = ApiResource.ImageImports.ApiVersion,
            ["kind"] = ApiResource.ImageImports.Kind,
            ["metadata"] = new JsonObject { ["generateName"] = $"{source.Verb}-" },
            ["spec"] = spec,
        };
        var made = await client.Resources.CreateAsync(ApiResource.ImageImports, ResourceOptions.NamespaceDefault, document, dryRun: false, ct);
        return made.Name();
    }

    /// <summary>Makes an image and shows how it comes along; ctrl-C gives it up.</summary>
    /// <returns>The image.</returns>
    public static async Task<JsonObject> MakeAsync(
        CliContext context, SkepClient client, ImageSource source, JsonObject spec, TimeSpan timeout, CancellationToken ct)
    {
        var title = $"{source.Doing} {JsonPaths.Scalar(spec["name"]) ?? source.Value}";
        var import = await BeginAsync(client, source, spec, ct);
        try
        {
            return await FollowAsync(context, client, import, title, timeout, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The caller's token is over; the server is still to be told.
            using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(5), context.Time);
            await client.Resources.DeleteAsync(ApiResource.ImageImports, ResourceOptions.NamespaceDefault, import, grace.Token);
            throw;
        }
    }

    /// <summary>Follows an import to its end.</summary>
    /// <returns>The image.</returns>
    /// <exception cref="CliException">It failed, was cancelled, or takes too long.</exception>
    private static async Task<JsonObject> FollowAsync(
        CliContext context, SkepClient client, string import, string title, TimeSpan timeout, CancellationToken ct)
    {
        await using var progress = context.StartProgress(title);
        using var deadline = new Deadline(context.Time, timeout, ct);
        var last = "not begun";
        string? imageId = null;
        await deadline.RunAsync(() => $"{title.ToLowerInvariant()}; last: {last}", async token =>
        {
            await foreach (var state in client.Resources.FollowAsync(ApiResource.ImageImports, ResourceOptions.NamespaceDefault, import, token))
            {
                var phase = state is null ? "gone" : state.TextAt("status.phase") ?? "Pending";
                last = state.TextAt("status.message") ?? phase;
                switch (phase)
                {
                    case "gone":
                        throw new CliException($"{title}: it was cancelled");
                    case "Failed":
                        throw new CliException($"{title} failed: {last}");
                    case "Succeeded":
                        imageId = state.TextAt("status.imageId");
                        return;
                    default:
                        progress.Report(last, int.TryParse(state.TextAt("status.progress"), out var percent) ? percent / 100.0 : null);
                        break;
                }
            }
        });
        var image = await client.Resources.GetAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, imageId ?? "", ct);
        progress.Done($"{ImageList.DisplayName(image)} is ready");
        return image;
    }

    private static async Task<JsonObject> WaitAvailableAsync(CliContext context, SkepClient client, JsonObject image, TimeSpan timeout, CancellationToken ct)
    {
        if (ImageList.StateOf(image) == "available")
            return image;
        var title = $"Waiting for image {ImageList.DisplayName(image)}";
        await using var progress = context.StartProgress(title);
        using var deadline = new Deadline(context.Time, timeout, ct);
        var available = image;
        await deadline.RunAsync(() => $"image {ImageList.DisplayName(image)} to be available", async token =>
        {
            await foreach (var state in client.Resources.FollowAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, image.Name(), token))
            {
                if (state is not null && ImageList.StateOf(state) == "pending")
                    continue;
                available = state is not null && ImageList.StateOf(state) == "available"
                    ? state
                    : throw new CliException($"image {ImageList.DisplayName(image)} is {(state is null ? "gone" : ImageList.StateOf(state))}: {state.TextAt("status.stateReason.message") ?? "no reason given"}");
                return;
            }
        });
        progress.Done($"Image {ImageList.DisplayName(image)} is available");
        return available;
    }

    private static async Task<JsonNode?> FindRunningAsync(SkepClient client, string name, CancellationToken ct)
    {
        var imports = await client.Resources.ListAsync(ApiResource.ImageImports, ResourceOptions.NamespaceDefault, ListQuery.All, ct);
        return imports.ItemsAt("items").FirstOrDefault(i =>
            i.TextAt("spec.name") == name && (i.TextAt("status.phase") ?? "Pending") is "Pending" or "Running");
    }
}
