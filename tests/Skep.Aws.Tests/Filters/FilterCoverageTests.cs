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
        Assert.Empty(unresolved);
    }
}
