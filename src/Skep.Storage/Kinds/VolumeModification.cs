using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The newest change of a volume's size or performance.</summary>
public sealed class VolumeModification : OpenObject
{
    [Description("modifying, optimizing, completed or failed.")]
    public string State { get; set; } = VolumeModificationState.Modifying;

    [Description("Percent done.")]
    public int Progress { get; set; }
    public string? Message { get; set; }
    public DateTimeOffset StartTime { get; set; }
    public DateTimeOffset? EndTime { get; set; }

    [Description("What the volume was before.")]
    public VolumeShape Original { get; set; } = new();

    [Description("What it is to become.")]
    public VolumeShape Target { get; set; } = new();
}

/// <summary>Size and performance of a volume.</summary>
public sealed class VolumeShape : OpenObject
{
    public long SizeGib { get; set; }
    public string VolumeType { get; set; } = "";
    public int? Iops { get; set; }
    public int? Throughput { get; set; }

    /// <summary>What a volume wants to be.</summary>
    public static VolumeShape Of(VolumeSpec spec) =>
        new() { SizeGib = spec.SizeGib, VolumeType = spec.VolumeType, Iops = spec.Iops, Throughput = spec.Throughput };
}

/// <summary>EC2's states of a modification.</summary>
public static class VolumeModificationState
{
    /// <summary>Storage changes the disk.</summary>
    public const string Modifying = "modifying";

    /// <summary>The disk has its size; the machine that uses it has yet to take over size or limits.</summary>
    public const string Optimizing = "optimizing";
    public const string Completed = "completed";
    public const string Failed = "failed";
}
