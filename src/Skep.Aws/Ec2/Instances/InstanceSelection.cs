using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Instances;

/// <summary>The instances that a changing operation names.</summary>
internal static class InstanceSelection
{
    /// <summary>Copies of the instances, each once, in the order named.</summary>
    /// <exception cref="AwsException">InvalidInstanceID.NotFound.</exception>
    public static List<InstanceResource> ForChange(AwsCall call, IReadOnlyList<string> ids)
    {
        call.Subjects.AddRange(ids);
        var missing = ids.Where(id => call.Find(ComputeKinds.Instance, id) is null).Distinct(StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            throw Ec2Errors.InstanceNotFound(missing);
        return [.. ids.Distinct(StringComparer.Ordinal).Select(id => call.Edit(ComputeKinds.Instance, id)!)];
    }
}
