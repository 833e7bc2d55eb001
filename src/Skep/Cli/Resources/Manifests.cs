using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Resources;

/// <summary>One document of a file given with -f, and its kind.</summary>
internal sealed record Manifest(ApiResource Kind, string Namespace, string Name, JsonObject Document)
{
    /// <summary>"instance.compute.skep.dev/i-1", as messages name it.</summary>
    public string DisplayName => $"{Kind.SingularName}/{Name}";
}

/// <summary>Reads the documents of -f.</summary>
internal static class Manifests
{
    private const long FileMax = 64 * 1024 * 1024;

    /// <summary>The -f option.</summary>
    public static Option<string[]> Option() => new("--filename", "-f")
    {
        Description = "A file with YAML or JSON documents, a directory of such files, or - for standard input.",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Reads every document of files; Lists are taken apart.</summary>
    /// <exception cref="CliException">A file cannot be read, or a document is not a resource.</exception>
    public static async Task<IReadOnlyList<Manifest>> ReadAsync(
        CliContext context, Discovery discovery, IReadOnlyList<string> files, string ns, CancellationToken ct)
    {
        var manifests = new List<Manifest>();
        foreach (var file in files.SelectMany(Expand))
        {
            var (text, source) = file == "-"
                ? (await context.In.ReadToEndAsync(ct), "standard input")
                : (await ReadFileAsync(file, ct), file);
            foreach (var document in YamlReader.ReadAll(text, source).SelectMany(Flatten))
                manifests.Add(Read(discovery, document, ns, source));
        }

        return manifests.Count > 0
            ? manifests
            : throw new CliException($"{string.Join(", ", files)}: no documents", ExitCode.Usage);
    }

    private static IEnumerable<string> Expand(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path).Where(f => Path.GetExtension(f) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal)
        : [path];

    private static async Task<string> ReadFileAsync(string path, CancellationToken ct)
    {
        try
        {
            if (new FileInfo(path).Length > FileMax)
                throw new CliException($"{path} is larger than {FileMax >> 20} MiB");
            return await File.ReadAllTextAsync(path, ct);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"{path}: no such file", ExitCode.NotFound);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"{path}: permission denied", ExitCode.Denied);
        }
    }

    private static IEnumerable<JsonNode> Flatten(JsonNode document) =>
        document.TextAt("kind") == "List" ? document.ItemsAt("items").SelectMany(i => Flatten(i.DeepClone())) : [document];

    private static Manifest Read(Discovery discovery, JsonNode document, string ns, string source)
    {
        if (document is not JsonObject resource || resource.TextAt("apiVersion") is not { } apiVersion || resource.TextAt("kind") is not { } kind)
            throw new CliException($"{source}: a document has no apiVersion and kind");
        if (resource.TextAt("metadata.name") is not { Length: > 0 } name)
            throw new CliException($"{source}: the {kind} has no metadata.name");
        var resourceKind = discovery.FindDocument(apiVersion, kind);
        return new Manifest(resourceKind, resource.TextAt("metadata.namespace") is { Length: > 0 } own ? own : ns, name, resource);
    }
}
