using System.Text;

namespace Skep.Aws.Generator;

/// <summary>docs/aws-operations.md: what is served, out of what exists.</summary>
internal static class OperationsDocument
{
    private const int ColumnCount = 3;

    public static string Render(IReadOnlyList<ServiceModel> services)
    {
        var text = new StringBuilder(
            """
            # AWS operations

            Written by tools/Skep.Aws.Generator from the handlers in src/Skep.Aws; do not edit.
            An operation that AWS has and Skep does not serve answers `UnsupportedOperation`; a name that AWS
            does not have answers `InvalidAction`.

            | service | API version | served | exist |
            |---|---|---|---|

            """);
        foreach (var service in services)
            text.Append($"| {service.Name} | {service.ApiVersion} | {service.Served.Count} | {service.Names.Count()} |\n");
        foreach (var service in services.Where(s => s.Served.Count > 0))
        {
            text.Append($"\n## {service.Name}: served\n\n");
            foreach (var operation in service.Served)
                text.Append($"- {operation}\n");
        }

        foreach (var service in services)
        {
            var missing = service.Names.Except(service.Served, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            text.Append($"\n## {service.Name}: not served\n\n");
            foreach (var line in missing.Chunk(ColumnCount))
                text.Append($"{string.Join(", ", line)}{(line[^1] == missing[^1] ? "" : ",")}\n");
        }

        return text.ToString();
    }
}
