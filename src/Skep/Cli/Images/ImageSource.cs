using Skep.Compute.Images;

namespace Skep.Cli.Images;

/// <summary>Where a new image comes from.</summary>
/// <param name="Verb">The verb of <c>skep image</c> that makes it.</param>
/// <param name="Member">The member of ImageImport's spec.source.</param>
/// <param name="Value">That member's value.</param>
internal sealed record ImageSource(string Verb, string Member, string Value)
{
    /// <summary>What <c>skep image build</c> can build.</summary>
    public static IReadOnlyList<string> Builds => ImageBuilders.Names;

    /// <summary>What <c>skep image pull</c> can download.</summary>
    public static IReadOnlyList<string> Downloads => Catalog.Names;

    /// <summary>The beginning of a progress line.</summary>
    public string Doing => Verb switch { "build" => "Building", "pull" => "Pulling", _ => "Importing" };

    /// <summary>What is asked before it is made on the way to something else.</summary>
    public string Question => Verb == "build" ? "Build it from Debian's packages?" : "Download it?";

    /// <summary>Built from packages.</summary>
    public static ImageSource Build(string name) => new("build", "build", name);

    /// <summary>Downloaded from its project.</summary>
    public static ImageSource Pull(string name) => new("pull", "catalog", name);

    /// <summary>A file on this machine.</summary>
    public static ImageSource File(string path) => new("import", "path", path);

    /// <summary>How an image of a well-known name is made; null when the name says nothing.</summary>
    public static ImageSource? ForName(string name) =>
        Builds.Contains(name) ? Build(name) : Downloads.Contains(name) ? Pull(name) : null;
}
