namespace Skep.Blocks;

/// <summary>What a device can do.</summary>
public sealed record BlockDeviceTraits
{
    /// <summary>Every writing call fails with <see cref="BlockError.ReadOnly"/>.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Offsets and lengths are multiples of this many bytes, a power of two.</summary>
    public int BlockSizeMin { get; init; } = 1;

    /// <summary>The unit in bytes that costs least, a power of two.</summary>
    public int BlockSizePreferred { get; init; } = 4096;

    /// <summary>A flush on one connection covers the writes completed on all (NBD_FLAG_CAN_MULTI_CONN).</summary>
    public bool IsFlushShared { get; init; } = true;

    /// <summary>Trims do something.</summary>
    public bool CanTrim { get; init; } = true;

    /// <summary>The size can be changed.</summary>
    public bool CanResize { get; init; }
}
