using Microsoft.Extensions.DependencyInjection;

namespace Skep.Aws.Tests.Filters;

public sealed class FilterCoverageTests
{
    [Fact]
    public async Task Every_documented_filter_of_a_served_operation_leads_somewhere()
    {
        await using var world = await AwsWorld.StartAsync(TestContext.Current.CancellationToken);
        var unresolved = ServedOperations.Create(world.Services)
            .SelectMany(o => o.Handler.UnresolvedFilters(o.Model).Select(f => $"{o.Name} {f}"));
        Assert.True(!unresolved.Any(), string.Join("\n", unresolved));
    }

    [Fact]
    public async Task Dump()
    {
        await using var world = await AwsWorld.StartAsync(TestContext.Current.CancellationToken);
        File.WriteAllLines("/tmp/paths.txt", ServedOperations.Create(world.Services)
            .SelectMany(o => o.Handler.FilterPaths(o.Model).Select(f => $"{o.Name} {f.Key} -> {f.Value}")));
    }
}
