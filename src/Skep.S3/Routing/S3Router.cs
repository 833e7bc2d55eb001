using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Routing;

/// <summary>Finds the operation of a request by method, level and sub-resource. Thread-safe.</summary>
internal sealed class S3Router
{
    private const string CopySourceHeader = "x-amz-copy-source";

    private readonly Dictionary<S3Route, S3Operation> _operations;
    private readonly HashSet<(S3Level Level, string Name)> _subResources;

    /// <summary>Makes a router of operations, each with a route of its own.</summary>
    public S3Router(IEnumerable<S3Operation> operations)
    {
        _operations = operations.ToDictionary(o => o.Route);
        _subResources = [.. _operations.Keys.Select(r => (r.Level, r.SubResource)), .. RefusedOperations.Routes.Select(r => (r.Level, r.SubResource))];
        _subResources.RemoveWhere(s => s.Name.Length == 0);
    }

    /// <summary>All operations.</summary>
    public IReadOnlyCollection<S3Operation> Operations => _operations.Values;

    /// <summary>Finds a request's operation.</summary>
    /// <exception cref="S3Exception">There is none: NotImplemented by the operation's name for what S3 has and this endpoint refuses.</exception>
    public S3Operation Find(S3Call call)
    {
        var method = call.Http.Request.Method;
        var level = call.Target.Level;
        // Of several, the API knows only pairs in which the longer name decides (uploadId with partNumber, which is none).
        var subResource = call.Query.Names.FirstOrDefault(name => _subResources.Contains((level, name))) ?? "";
        var isCopy = method == "PUT" && level is S3Level.Object && call.Header(CopySourceHeader) is not null;
        if (_operations.TryGetValue(new S3Route(method, level, subResource, isCopy), out var operation)
            || (isCopy && _operations.TryGetValue(new S3Route(method, level, subResource), out operation)))
            return operation;
        throw RefusedOperations.Find(new S3Route(method, level, subResource)) is { } refused
            ? S3Errors.NotImplemented(refused)
            : S3Errors.MethodNotAllowed(method);
    }
}
