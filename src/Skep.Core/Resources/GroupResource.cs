namespace Skep.Core.Resources;

/// <summary>A kind as the resource API addresses it: API group ("" is the core group) and plural name.</summary>
public readonly record struct GroupResource(string Group, string Resource)
{
    /// <summary>"instances.compute.skep.dev", or the plural alone in the core group.</summary>
    public override string ToString() => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}
