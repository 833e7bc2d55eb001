using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Skep.Testing;

namespace Skep.SystemTests;

/// <summary>
/// What the trimmer did to the program's code. Where it folds a constant in a method, it drops every protected region that
/// lies within a handler there: a <c>lock</c> in a <c>finally</c> is then never left.
/// </summary>
public sealed class TrimmedProgramTests
{
    private static readonly string _root = RepositoryRoot.Path;

    /// <summary>What scripts/build.sh publishes for; the runtime's own identifier may name a distribution.</summary>
    private static readonly string _platform = RuntimeInformation.OSArchitecture is Architecture.Arm64 ? "linux-arm64" : "linux-x64";

    [Fact]
    public void No_method_lost_a_protected_region_within_a_handler()
    {
        Assert.SkipUnless(SkepProgram.IsPublished, "SKEP_PROGRAM does not name a published file; ./test publishes one");
        var build = Path.Combine(_root, "src", "Skep", "obj", "Release", "net10.0", _platform);
        var originals = FindOriginals();
        var lost = new List<string>();
        var compared = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(build, "linked"), "*.dll"))
        {
            var name = Path.GetFileName(file);
            if (!originals.TryGetValue(name, out var original))
            {
                // Those of the few packages beside the runtime's are not looked for.
                Assert.False(name.StartsWith("Skep.", StringComparison.Ordinal), $"{name} was not found untrimmed");
                continue;
            }

            var before = RegionsWithinHandlers(original);
            foreach (var (method, count) in RegionsWithinHandlers(file))
            {
                compared++;
                if (before.TryGetValue(method, out var countBefore) && count < countBefore)
                    lost.Add($"{name}: {method} had {countBefore}, has {count}");
            }
        }

        // The program has tens of thousands of methods: less means that the files were not found.
        Assert.InRange(compared, 20_000, int.MaxValue);
        Assert.Empty(lost);
    }

    /// <summary>Where the trimmed assemblies came from, by file name: our own builds and the runtime's packages.</summary>
    private static Dictionary<string, string> FindOriginals()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var project in Directory.EnumerateDirectories(Path.Combine(_root, "src")))
            AddAll(found, Path.Combine(project, "bin", "Release", "net10.0"));
        var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(_root, "src", "Skep", "obj", "project.assets.json")))!;
        var folders = assets["packageFolders"]!.AsObject().Select(f => f.Key).ToList();
        foreach (var framework in assets["project"]!["frameworks"]!.AsObject())
        {
            foreach (var package in framework.Value!["downloadDependencies"]!.AsArray())
            {
                var version = ((string)package!["version"]!).Trim('[', ']').Split(',')[0];
                foreach (var folder in folders)
                {
                    var runtimes = Path.Combine(folder, ((string)package["name"]!).ToLowerInvariant(), version, "runtimes", _platform);
                    AddAll(found, Path.Combine(runtimes, "lib", "net10.0"));
                    AddAll(found, Path.Combine(runtimes, "native"));
                }
            }
        }

        return found;
    }

    private static void AddAll(Dictionary<string, string> found, string directory)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var file in Directory.EnumerateFiles(directory, "*.dll"))
            found.TryAdd(Path.GetFileName(file), file);
    }

    /// <summary>For each method whose name is its own: how many protected regions begin within a handler of another.</summary>
    private static Dictionary<string, int> RegionsWithinHandlers(string file)
    {
        using var image = new PEReader(File.OpenRead(file));
        var metadata = image.GetMetadataReader();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var overloads = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handle in metadata.MethodDefinitions)
        {
            var method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0)
                continue;
            var name = $"{NameOf(metadata, method.GetDeclaringType())}.{metadata.GetString(method.Name)}";
            var regions = image.GetMethodBody(method.RelativeVirtualAddress).ExceptionRegions;
            if (!counts.TryAdd(name, regions.Count(inner => regions.Any(outer => Holds(outer, inner)))))
                overloads.Add(name);
        }

        foreach (var name in overloads)
            counts.Remove(name);
        return counts;
    }

    private static bool Holds(ExceptionRegion outer, ExceptionRegion inner) =>
        outer.HandlerOffset <= inner.TryOffset && inner.TryOffset + inner.TryLength <= outer.HandlerOffset + outer.HandlerLength;

    private static string NameOf(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        var name = metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{NameOf(metadata, outer)}/{name}" : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
