using Skep.Compute.Kinds;

namespace Skep.Compute.Agent;

/// <summary>EC2's codes and sentences for why an instance is in its state.</summary>
public static class StateReasons
{
    /// <summary>Somebody asked for it.</summary>
    public static StateReason UserInitiatedShutdown() => Make("Client.UserInitiatedShutdown", "User initiated shutdown");

    /// <summary>The guest shut itself down.</summary>
    public static StateReason InstanceInitiatedShutdown() => Make("Client.InstanceInitiatedShutdown", "Instance initiated shutdown");

    /// <summary>Something failed on the host.</summary>
    public static StateReason InternalError(string what) => Make("Server.InternalError", what);

    /// <summary>The host has no memory left for it.</summary>
    public static StateReason InsufficientCapacity(string what) => Make("Server.InsufficientInstanceCapacity", what);

    /// <summary>"User initiated (2026-01-02 03:04:05 GMT)".</summary>
    public static string UserInitiated(DateTimeOffset when) => $"User initiated ({when.UtcDateTime:yyyy-MM-dd HH:mm:ss} GMT)";

    private static StateReason Make(string code, string message) => new() { Code = code, Message = $"{code}: {message}" };
}
