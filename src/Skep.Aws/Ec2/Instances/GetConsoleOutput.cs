using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Compute.Qemu;
using Skep.Core.Hosting;

namespace Skep.Aws.Ec2;

/// <summary>The last 64 KiB that a guest wrote to its serial console. Always the latest, whether asked for or not.</summary>
internal sealed class GetConsoleOutput(SkepOptions options) : AwsOperation<GetConsoleOutputRequest, GetConsoleOutputResult>
{
    private readonly MachineFiles _files = new(options.PathOf("instances"));

    /// <inheritdoc/>
    protected override async ValueTask<GetConsoleOutputResult> HandleAsync(GetConsoleOutputRequest request, AwsCall call, CancellationToken ct)
    {
        call.Subjects.Add(request.InstanceId);
        var instance = call.Find(ComputeKinds.Instance, request.InstanceId) ?? throw Ec2Errors.InstanceNotFound(request.InstanceId);
        if (instance.Spec.NodeName is { } node && node != options.NodeName)
            throw new AwsException("Unavailable", 503, $"The console of '{request.InstanceId}' is on node {node}.");
        var tail = options.IsSimulated
            ? []
            : await ConsoleLog.ReadTailAsync(_files.ConsoleLogOf(ComputeKinds.Instance.Key(call.Namespace, request.InstanceId)), ct);
        return new GetConsoleOutputResult
        {
            InstanceId = request.InstanceId,
            Timestamp = call.Now,
            Output = Convert.ToBase64String(tail),
        };
    }
}
