namespace Skep.Blocks.Simulation;

/// <summary>A volume of a history, as the simulation knows it.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Checker">What it may hold.</param>
/// <param name="Origin">The snapshot that it is a clone of; null for the first volume.</param>
internal sealed record TestVolume(string Name, VolumeChecker Checker, TestSnapshot? Origin)
{
    public List<TestSnapshot> Snapshots { get; } = [];
}

/// <summary>A snapshot of a volume of a history.</summary>
/// <param name="id">Its id.</param>
internal sealed class TestSnapshot(string id)
{
    public string Id => id;

    /// <summary>What it holds; null while it is not known whether it was made.</summary>
    public SnapshotChecker? Checker { get; set; }

    /// <summary>Its deletion was asked for, and it is not known whether it was done.</summary>
    public bool IsDeleting { get; set; }

    /// <summary>It is there for certain.</summary>
    public bool IsCertain => Checker is not null && !IsDeleting;
}

/// <summary>A clone that was asked for, and of which it is not known whether it was made.</summary>
internal sealed record PendingClone(TestVolume Parent, TestSnapshot Snapshot, string Name);
