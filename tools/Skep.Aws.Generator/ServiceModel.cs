using System.Text.Json.Nodes;

namespace Skep.Aws.Generator;

/// <summary>A trimmed service model and the operations of it that the source tree serves.</summary>
internal sealed class ServiceModel
{
    private readonly JsonObject _model;

    private ServiceModel(string folder, JsonObject model, IReadOnlyList<string> served)
    {
        Folder = folder;
        _model = model;
        Served = served;
    }

    /// <summary>The folder of the service's handlers and the stem of generated names: "Ec2".</summary>
    public string Folder { get; }

    /// <summary>Served operations, sorted.</summary>
    public IReadOnlyList<string> Served { get; }

    /// <summary>The service's name in a signature's scope: "ec2".</summary>
    public string Name => (string)_model["endpointPrefix"]!;
    public string ApiVersion => (string)_model["apiVersion"]!;
    public string Protocol => (string)_model["protocol"]!;
    public string XmlNamespace => (string?)_model["xmlNamespace"] ?? "";
    public IEnumerable<string> Names => _model["names"]!.AsArray().Select(n => (string)n!);
    public JsonObject Errors => _model["errors"]!.AsObject();

    public JsonObject Operation(string name) => _model["operations"]![name] as JsonObject
        ?? throw new GeneratorException(
            $"{Folder} has a handler {name}, which the trimmed model lacks: add it to operations/{Name}.txt and trim again");

    public JsonObject Shape(string name) => _model["shapes"]![name]!.AsObject();

    /// <summary>
    /// Reads Models/NAME.json. An operation is served when a source file in the service's folder carries its name: the
    /// file is the operation's rule, so adding an operation is adding that file.
    /// </summary>
    public static ServiceModel Load(string project, string folder)
    {
        var path = Path.Combine(project, "Models", $"{folder.ToLowerInvariant()}.json");
        var model = JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
        var known = model["names"]!.AsArray().Select(n => (string)n!).ToHashSet(StringComparer.Ordinal);
        var handlers = Path.Combine(project, folder);
        var served = Directory.Exists(handlers)
            ? Directory.EnumerateFiles(handlers, "*.cs", SearchOption.AllDirectories)
                .Select(f => Path.GetFileNameWithoutExtension(f))
                .Where(known.Contains)
                .Order(StringComparer.Ordinal)
            : Enumerable.Empty<string>();
        return new ServiceModel(folder, model, [.. served]);
    }
}
