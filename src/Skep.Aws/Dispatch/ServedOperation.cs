using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>An operation of a service and its rule.</summary>
internal sealed record ServedOperation(ServiceModel Service, string Name, AwsOperation Handler)
{
    /// <summary>The operation's row in the service's table.</summary>
    public OperationModel Model { get; } = Service.Find(Name)!;
}
