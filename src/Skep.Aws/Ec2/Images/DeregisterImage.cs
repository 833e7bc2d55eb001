using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Takes an image away from those that can be started. Its disk stays while volumes are made on top of it.</summary>
internal sealed class DeregisterImage : AwsOperation<DeregisterImageRequest, DeregisterImageResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DeregisterImageResult> HandleAsync(DeregisterImageRequest request, AwsCall call, CancellationToken ct)
    {
        call.Subjects.Add(request.ImageId);
        var image = call.Find(ComputeKinds.Image, request.ImageId) ?? throw Ec2Errors.ImageNotFound(request.ImageId);
        if (image.Metadata.DeletionTimestamp is not null)
            throw Ec2Errors.ImageUnavailable(request.ImageId, "deregistered");
        call.Transaction.Delete(ComputeKinds.Image.Key(call.Namespace, request.ImageId), DeleteOptions.Background);
        var import = ComputeKinds.ImageImport.Key(call.Namespace, request.ImageId);
        // An import that still fills it has nothing left to do.
        if (call.View.Get(import) is not null)
            call.Transaction.Delete(import, DeleteOptions.Background);
        return new(new DeregisterImageResult { Return = true });
    }
}
