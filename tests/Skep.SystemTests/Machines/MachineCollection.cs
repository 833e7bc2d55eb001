namespace Skep.SystemTests.Machines;

/// <summary>Tests with real machines take turns: each of them keeps a small host busy.</summary>
[CollectionDefinition(Name)]
public sealed class MachineCollection
{
    public const string Name = "machines";
}
