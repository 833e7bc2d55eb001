using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Tests.Store;

public sealed class ResourceTreeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 400)]
    [InlineData(3, 4_000)]
    public void Behaves_like_a_sorted_dictionary_and_older_versions_stay_as_they_were(int seed, int names)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new SortedDictionary<(string, string), Resource>(Comparer<(string, string)>.Create(Compare));
        var tree = ResourceTree.Empty;
        var snapshots = new List<(ResourceTree Tree, Resource[] Expected)>();
        for (var i = 0; i < 12_000; i++)
        {
            var key = RandomKey(random, names);
            // Phases of growing and of shrinking, so that nodes split and join.
            if (random.Next(10) < (i / 2_000 % 2 == 0 ? 8 : 2))
            {
                var resource = new Resource(key, i, default);
                model[(key.Namespace, key.Name)] = resource;
                tree = tree.Set(resource);
            }
            else
            {
                model.Remove((key.Namespace, key.Name));
                tree = tree.Remove(key.Namespace, key.Name);
            }

            Assert.Equal(model.Count, tree.Count);
            var probe = RandomKey(random, names);
            Assert.Same(model.GetValueOrDefault((probe.Namespace, probe.Name)), tree.Get(probe.Namespace, probe.Name));
            if (i % 500 == 0)
            {
                snapshots.Add((tree, [.. model.Values]));
                var isInclusive = random.Next(2) == 0;
                var from = model.Values.Where(r => Compare((r.Key.Namespace, r.Key.Name), (probe.Namespace, probe.Name)) >= (isInclusive ? 0 : 1));
                Assert.Equal(from, tree.From(probe.Namespace, probe.Name, isInclusive));
            }
        }

        foreach (var (old, expected) in snapshots)
            Assert.Equal(expected, old.From("", "", isInclusive: true));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(5_000)]
    public void Is_built_from_resources_in_any_order(int count)
    {
        var random = new Random(count);
        var resources = Enumerable.Range(0, count).Select(i => new Resource(CoreKinds.ConfigMap.Key($"ns{i % 3}", $"n{i}"), i, default)).ToArray();
        random.Shuffle(resources);
        var tree = ResourceTree.Create(resources);
        Assert.Equal(count, tree.Count);
        Assert.Equal(resources.OrderBy(r => r.Key.Namespace, StringComparer.Ordinal).ThenBy(r => r.Key.Name, StringComparer.Ordinal), tree.From("", "", isInclusive: true));
        Assert.All(resources, r => Assert.Same(r, tree.Get(r.Key.Namespace, r.Key.Name)));
        foreach (var resource in resources)
            tree = tree.Remove(resource.Key.Namespace, resource.Key.Name);
        Assert.Equal(0, tree.Count);
    }

    private static ResourceKey RandomKey(Random random, int names) => CoreKinds.ConfigMap.Key($"ns{random.Next(3)}", $"n{random.Next(names)}");

    private static int Compare((string Namespace, string Name) x, (string Namespace, string Name) y)
    {
        var byNamespace = string.CompareOrdinal(x.Namespace, y.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(x.Name, y.Name);
    }
}
