using System.Text.Json;

namespace Skep.Compute.Qmp;

/// <summary>An event of QEMU's monitor, for example SHUTDOWN. <paramref name="Data"/> is its data member, or an undefined element.</summary>
public sealed record QmpEvent(string Name, JsonElement Data)
{
    /// <summary>The guest has shut down or asked for it; data: guest, reason.</summary>
    public const string Shutdown = "SHUTDOWN";

    /// <summary>The virtual machine was reset.</summary>
    public const string Reset = "RESET";

    /// <summary>Its processors were stopped.</summary>
    public const string Stop = "STOP";

    /// <summary>Its processors go on.</summary>
    public const string Resume = "RESUME";

    /// <summary>The power button was pressed.</summary>
    public const string PowerDown = "POWERDOWN";

    /// <summary>A disk failed; data: node-name, operation, action, reason.</summary>
    public const string BlockIoError = "BLOCK_IO_ERROR";

    /// <summary>The guest's kernel reported a panic.</summary>
    public const string GuestPanicked = "GUEST_PANICKED";

    /// <summary>An unplugged device is gone; data: device.</summary>
    public const string DeviceDeleted = "DEVICE_DELETED";

    /// <summary>The events that are delivered. Others come as often as a guest likes and mean nothing to the daemon.</summary>
    internal static bool IsDelivered(string name) =>
        name is Shutdown or Reset or Stop or Resume or PowerDown or BlockIoError or GuestPanicked or DeviceDeleted;

    /// <summary>A string of <see cref="Data"/>, or null.</summary>
    public string? Text(string member) =>
        Data.ValueKind == JsonValueKind.Object && Data.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
