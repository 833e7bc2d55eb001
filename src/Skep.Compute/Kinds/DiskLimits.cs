using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>What a disk is kept to; the same members as the limits in a Volume's status, where they come from.</summary>
public sealed class DiskLimits : OpenObject
{
    [Description("Operations per second, sustained.")]
    public long Iops { get; set; }

    [Description("Operations per second while there is credit; absent where nothing bursts.")]
    public long? IopsBurst { get; set; }

    [Description("Seconds that a full bucket of credit lasts at the burst rate.")]
    public long? IopsBurstSeconds { get; set; }

    [Description("Bytes per second, sustained.")]
    public long BytesPerSecond { get; set; }

    [Description("Bytes per second while there is credit.")]
    public long? BytesBurst { get; set; }

    [Description("Seconds that a full bucket of credit lasts at the burst rate.")]
    public long? BytesBurstSeconds { get; set; }

    [Description("A larger operation counts as several.")]
    public long OperationBytes { get; set; }

    /// <summary>Whether two say the same.</summary>
    public static bool AreSame(DiskLimits? a, DiskLimits? b) =>
        a is null ? b is null : b is not null
        && (a.Iops, a.IopsBurst, a.IopsBurstSeconds, a.BytesPerSecond, a.BytesBurst, a.BytesBurstSeconds, a.OperationBytes)
            == (b.Iops, b.IopsBurst, b.IopsBurstSeconds, b.BytesPerSecond, b.BytesBurst, b.BytesBurstSeconds, b.OperationBytes);
}
