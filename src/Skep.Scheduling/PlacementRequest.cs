using Skep.Core.Resources;

namespace Skep.Scheduling;

/// <summary>One instance to place: its key, its type's name, and the node it must be on if it has one already.</summary>
public sealed record PlacementRequest(ResourceKey Instance, string InstanceType, string? NodeName);
