namespace Skep.Blocks;

/// <summary>A request to a device failed. The message names the device and what happened.</summary>
public sealed class BlockDeviceException(BlockError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How a client is told.</summary>
    public BlockError Error { get; } = error;
}

/// <summary>Why a request failed; NBD's error numbers are made from these in one place.</summary>
public enum BlockError
{
    /// <summary>The medium failed, or what it holds is damaged (EIO).</summary>
    Io,

    /// <summary>Writing to what can only be read (EPERM).</summary>
    ReadOnly,

    /// <summary>The range is outside the device, or not aligned (EINVAL; ENOSPC for writes beyond the end).</summary>
    OutOfRange,

    /// <summary>There is no room on the medium (ENOSPC).</summary>
    NoSpace,

    /// <summary>The device cannot do this (ENOTSUP).</summary>
    NotSupported,

    /// <summary>The device was closed, or another writer has taken it (ESHUTDOWN).</summary>
    Shutdown,
}
