namespace Skep.Kubernetes.Requests;

/// <summary>The part of a path behind group and version.</summary>
internal sealed record ResourcePath(string? Namespace, string Plural, string Name, string? Subresource)
{
    /// <summary>
    /// Reads PLURAL[/NAME[/SUBRESOURCE]], or the same below namespaces/NAMESPACE. Null when it is neither. The core
    /// group's namespaces are resources themselves: namespaces/NAME and namespaces/NAME/status mean those.
    /// </summary>
    public static ResourcePath? Parse(string[] path, bool isCore)
    {
        if (path.Any(p => p.Length == 0))
            return null;
        return path switch
        {
            ["namespaces", var name, "status"] when isCore => new(null, "namespaces", name, "status"),
            ["namespaces", var ns, var plural] => new(ns, plural, "", null),
            ["namespaces", var ns, var plural, var name] => new(ns, plural, name, null),
            ["namespaces", var ns, var plural, var name, var sub] => new(ns, plural, name, sub),
            [var plural] => new(null, plural, "", null),
            [var plural, var name] => new(null, plural, name, null),
            [var plural, var name, var sub] => new(null, plural, name, sub),
            _ => null,
        };
    }
}
