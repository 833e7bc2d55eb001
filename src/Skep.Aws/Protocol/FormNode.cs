namespace Skep.Aws.Protocol;

/// <summary>One level of dotted parameter names: <c>Filter.1.Name=x</c> is three nodes deep.</summary>
internal sealed class FormNode
{
    /// <summary>The value given for exactly this name, or null.</summary>
    public string? Value { get; set; }

    /// <summary>The nodes below, or null.</summary>
    public Dictionary<string, FormNode>? Children { get; private set; }

    /// <summary>The value of a direct child, or null.</summary>
    public string? ValueOf(string name) =>
        Children is not null && Children.TryGetValue(name, out var child) ? child.Value : null;

    /// <summary>Finds or makes a child.</summary>
    public FormNode Child(string name)
    {
        Children ??= new Dictionary<string, FormNode>(StringComparer.Ordinal);
        if (!Children.TryGetValue(name, out var child))
            Children.Add(name, child = new FormNode());
        return child;
    }
}
