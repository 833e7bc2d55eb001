using Skep.Aws.Dispatch;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Chooses nodes for new instances. The decision is part of the launch's transaction.</summary>
internal interface IInstancePlacement
{
    /// <summary>Nodes for up to <paramref name="count"/> instances of a type, one entry an instance; fewer when no more fit.</summary>
    IReadOnlyList<string> Place(AwsCall call, InstanceTypeResource type, int count);

    /// <summary>The first of some stopped instances that its own node cannot hold together with those before it, or null.</summary>
    InstanceResource? FirstThatDoesNotFit(AwsCall call, IReadOnlyList<InstanceResource> starting);
}
