using System.Runtime.CompilerServices;

namespace Skep.Aws.Tests;

public sealed class OperationsDocumentTests
{
    [Fact]
    public void The_document_lists_what_is_served()
    {
        var document = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../docs/aws-operations.md"));
        var listed = document.Where(l => l.StartsWith("- ", StringComparison.Ordinal)).Select(l => l[2..]);
        var served = ServedOperations.Services.SelectMany(s => s.Operations.Select(o => o.Name));
        Assert.Equal(served.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        foreach (var service in ServedOperations.Services)
            Assert.Contains($"| {service.Name} | {service.ApiVersion} | {service.Operations.Count} | {service.KnownCount} |", document);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
