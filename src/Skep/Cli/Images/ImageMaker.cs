using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;

namespace Skep.Cli.Images;

/// <summary>Finds the image that a machine shall start from.</summary>
internal static class ImageMaker
{
    /// <summary>The image that a word means.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static async Task<JsonObject> FindOrMakeAsync(
        CliContext context, ParseResult parsed, SkepClient client, string word, bool isAgreed, CancellationToken ct)
    {
        var images = await ImageList.LoadAsync(client, ct);
        return images.Find(word);
    }
}
