using System.Text;

namespace Skep.Aws.Generator;

/// <summary>docs/aws-operations.md: what is served, out of what exists.</summary>
internal static class OperationsDocument
{
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
            // A paragraph a verb: serving one more operation then changes one line.
            foreach (var verb in missing.GroupBy(Verb, StringComparer.Ordinal))
                text.Append($"{string.Join(", ", verb)}\n\n");
        }

        return text.ToString().TrimEnd() + "\n";
    }

    /// <summary>The first word of a name: Describe of DescribeInstances.</summary>
    private static string Verb(string operation) =>
        operation.AsSpan(1).IndexOfAnyInRange('A', 'Z') is >= 0 and var at ? operation[..(at + 1)] : operation;
}
