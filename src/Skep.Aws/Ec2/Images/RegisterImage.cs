using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Images;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2;

/// <summary>
/// Makes an image: of a snapshot, named in the mapping of the root device; or of a disk file on the node, named by
/// ImageLocation as file:///path (qcow2 or raw). The latter only administrators may, since the daemon reads the file with
/// its own rights.
/// </summary>
internal sealed class RegisterImage : AwsOperation<RegisterImageRequest, RegisterImageResult>
{
    private const string FileScheme = "file://";

    /// <inheritdoc/>
    protected override ValueTask<RegisterImageResult> HandleAsync(RegisterImageRequest request, AwsCall call, CancellationToken ct)
    {
        if (request.VirtualizationType is not (null or "hvm"))
            throw Ec2Errors.InvalidValue("VirtualizationType", request.VirtualizationType, "machines are virtualized by hardware: hvm");
        if (request.KernelId is not null || request.RamdiskId is not null)
            throw Ec2Errors.Unsupported("images with a kernel beside the disk");
        var devices = ImageDevices.FromMappings(call, request.BlockDeviceMappings);
        var root = request.RootDeviceName ?? devices.Find(d => d.SnapshotId is not null)?.DeviceName ?? new ImageSpec().RootDeviceName;
        var snapshotId = devices.Find(d => d.DeviceName == root)?.SnapshotId;
        var id = ImageRequests.Add(
            call,
            request.Name,
            request.TagSpecifications,
            snapshotId is null ? FileSource(request, call) : null,
            nodeName: null,
            spec =>
            {
                spec.Description = request.Description;
                spec.Architecture = Architecture(request.Architecture);
                spec.BootMode = request.BootMode switch { null => "uefi-preferred", "legacy-bios" => "bios", var mode => mode };
                spec.RootDeviceName = root;
                spec.BlockDevices = devices.Count > 0 ? devices : null;
                spec.SnapshotId = snapshotId;
                if (snapshotId is not null)
                    spec.SizeBytes = VolumeOptions.RequireSnapshot(call, snapshotId).SizeGib << 30;
            });
        return new(new RegisterImageResult { ImageId = id });
    }

    private static ImageImportSource FileSource(RegisterImageRequest request, AwsCall call)
    {
        var location = request.ImageLocation ?? throw Ec2Errors.Missing("ImageLocation");
        if (!location.StartsWith(FileScheme + "/", StringComparison.Ordinal))
            throw Ec2Errors.InvalidValue("ImageLocation", location, "expected a disk file on the node as file:///path/to/disk.qcow2");
        if (!call.Principal.IsMaster)
            throw new AwsException("UnauthorizedOperation", 403, "Only administrators may register files of the node.");
        return new ImageImportSource { Path = location[FileScheme.Length..] };
    }

    private static string Architecture(string? asked) => asked switch
    {
        null or "x86_64" => "x86_64",
        "arm64" => "arm64",
        _ => throw Ec2Errors.InvalidValue("Architecture", asked, "expected x86_64 or arm64"),
    };
}
