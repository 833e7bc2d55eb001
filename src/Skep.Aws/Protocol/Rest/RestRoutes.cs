using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Skep.Aws.Protocol.Rest;

/// <summary>
/// The paths of a service's operations (Smithy's http trait): literal segments, labels in braces, and a greedy label
/// <c>{name+}</c> that takes the rest of the path. Immutable; thread-safe.
/// </summary>
internal sealed class RestRoutes
{
    private static readonly ConcurrentDictionary<string, RestRoutes> _ofServices = new(StringComparer.Ordinal);
    private readonly List<Route> _routes;

    private RestRoutes(ServiceModel service) =>
        _routes = [.. service.Operations.Where(o => o.Http is not null).Select(o => new Route(o)).OrderByDescending(r => r.Literals)];

    /// <summary>The routes of a service.</summary>
    public static RestRoutes Of(ServiceModel service) => _ofServices.GetOrAdd(service.Name, static (_, s) => new RestRoutes(s), service);

    /// <summary>Finds the operation that a method and a path mean; where several fit, the one with the most literal segments.</summary>
    /// <param name="method">Upper-case method.</param>
    /// <param name="path">The path as sent.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="labels">The decoded values of its labels.</param>
    public bool TryMatch(string method, string path, [NotNullWhen(true)] out OperationModel? operation, out Dictionary<string, string> labels)
    {
        var segments = Segments(path);
        foreach (var route in _routes)
        {
            labels = new(StringComparer.Ordinal);
            if (route.Operation.Http!.Method == method && route.IsMatch(segments, labels))
            {
                operation = route.Operation;
                return true;
            }
        }

        (operation, labels) = (null, []);
        return false;
    }

    private static string[] Segments(string path) => path.Trim('/').Split('/');

    private sealed class Route(OperationModel operation)
    {
        private readonly string[] _segments = Segments(operation.Http!.Path);

        public OperationModel Operation => operation;
        public int Literals { get; } = Segments(operation.Http!.Path).Count(s => !s.StartsWith('{'));

        public bool IsMatch(string[] path, Dictionary<string, string> labels)
        {
            for (var i = 0; i < _segments.Length; i++)
            {
                var segment = _segments[i];
                if (segment.EndsWith("+}", StringComparison.Ordinal))
                {
                    labels[segment[1..^2]] = Uri.UnescapeDataString(string.Join('/', path[i..]));
                    return i < path.Length;
                }

                if (i >= path.Length)
                    return false;
                if (segment.StartsWith('{') && path[i].Length > 0)
                    labels[segment[1..^1]] = Uri.UnescapeDataString(path[i]);
                else if (segment != path[i])
                    return false;
            }

            return path.Length == _segments.Length;
        }
    }
}
