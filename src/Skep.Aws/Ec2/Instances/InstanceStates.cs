using Skep.Aws.Ec2.Model;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Instance states on the wire: a code and a name.</summary>
internal static class InstanceStates
{
    /// <summary>The state of a resource; one that no agent has seen yet is pending.</summary>
    public static string Of(InstanceResource instance) => instance.Status?.State ?? States.Pending;

    /// <summary>A state's name with its code (the low byte; EC2 API reference, InstanceState).</summary>
    public static InstanceState ToWire(string state) => new()
    {
        Name = state,
        Code = state switch
        {
            States.Running => 16,
            States.ShuttingDown => 32,
            States.Terminated => 48,
            States.Stopping => 64,
            States.Stopped => 80,
            _ => 0,
        },
    };

    /// <summary>One row of the answer to Start-, Stop- and TerminateInstances.</summary>
    public static InstanceStateChange Change(string id, string previous, string current) =>
        new() { InstanceId = id, PreviousState = ToWire(previous), CurrentState = ToWire(current) };

    /// <summary>EC2's reason for a transition that somebody asked for.</summary>
    public static string UserInitiated(DateTimeOffset now) => $"User initiated ({now.UtcDateTime:yyyy-MM-dd HH:mm:ss} GMT)";

    /// <summary>EC2's reason for an instance that a user stops or terminates.</summary>
    public static Compute.Kinds.StateReason ShutdownByUser() =>
        new() { Code = "Client.UserInitiatedShutdown", Message = "Client.UserInitiatedShutdown: User initiated shutdown" };
}
