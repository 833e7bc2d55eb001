using System.Net;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2.Instances;

/// <summary>What a RunInstances request asks for, checked against what exists.</summary>
internal sealed record LaunchPlan
{
    /// <summary>Instances of one request.</summary>
    private const int CountMax = 1_000;

    /// <summary>Bytes of user data (EC2 user guide, "Instance user data").</summary>
    private const int UserDataBytesMax = 16_384;

    /// <summary>The type when the request names none.</summary>
    private const string TypeDefault = "t3.micro";

    public required RunInstancesRequest Request { get; init; }
    public required (int Min, int Max) Count { get; init; }
    public required ImageResource Image { get; init; }
    public required InstanceTypeResource Type { get; init; }
    public required SubnetResource Subnet { get; init; }
    public required List<string> Groups { get; init; }
    public required IPAddress? Address { get; init; }
    public required byte[]? UserData { get; init; }
    public required List<PlannedVolume> Volumes { get; init; }
    public required Compute.Kinds.MetadataOptions MetadataOptions { get; init; }
    public required string ReservationId { get; init; }

    /// <summary>The request's one network interface, when it is described in full.</summary>
    public required InstanceNetworkInterfaceSpecification? Interface { get; init; }

    /// <exception cref="AwsException">The request asks for something that is not, or cannot be.</exception>
    public static LaunchPlan Make(RunInstancesRequest request, AwsCall call)
    {
        LaunchOptions.RefuseUnsupported(request);
        var count = CountOf(request);
        var typeName = request.InstanceType ?? TypeDefault;
        var type = call.View.Get(ComputeKinds.InstanceType, "", typeName) ?? throw Ec2Errors.UnknownInstanceType(typeName);
        var imageId = request.ImageId ?? throw Ec2Errors.Missing("ImageId");
        var image = ImageLookup.Find(call, imageId) ?? throw Ec2Errors.ImageNotFound(imageId);
        if (image.Status?.State is not "available")
            throw Ec2Errors.ImageUnavailable(imageId, image.Status?.State ?? "pending");
        // An image that is deregistered in this very moment must not get a volume on top of its vanishing file.
        call.Transaction.RequireUnchanged(ComputeKinds.Image.Key(image.Metadata.Namespace ?? call.Namespace, imageId));
        if (request.KeyName is { } key && !call.List(ComputeKinds.KeyPair, after: null).Any(k => k.Spec.KeyName == key))
            throw Ec2Errors.KeyPairNotFound(key);
        var nic = LaunchOptions.Interface(request);
        var subnet = LaunchNetwork.Subnet(call, nic?.SubnetId ?? request.SubnetId, request.Placement?.AvailabilityZone);
        return new LaunchPlan
        {
            Request = request,
            Count = count,
            Image = image,
            Type = type,
            Subnet = subnet,
            Groups = LaunchNetwork.Groups(call, subnet, nic?.Groups ?? request.SecurityGroupIds, request.SecurityGroups),
            Address = LaunchNetwork.Address(call, subnet, nic?.PrivateIpAddress ?? request.PrivateIpAddress, count.Max),
            UserData = UserDataOf(request.UserData),
            Volumes = new LaunchVolumes(call, image).Plan(request.BlockDeviceMappings),
            MetadataOptions = LaunchOptions.Metadata(request.MetadataOptions),
            Interface = nic,
            ReservationId = call.Ids.NewAwsId("r"),
        };
    }

    private static (int Min, int Max) CountOf(RunInstancesRequest request)
    {
        if (request.MinCount < 1)
            throw Ec2Errors.InvalidValue("MinCount", $"{request.MinCount}", "it must be at least 1");
        if (request.MaxCount < request.MinCount)
            throw Ec2Errors.InvalidValue("MaxCount", $"{request.MaxCount}", "it must not be less than MinCount");
        if (request.MaxCount > CountMax)
            throw new AwsException("InstanceLimitExceeded", 400, $"One request may launch at most {CountMax} instances, not {request.MaxCount}.");
        return (request.MinCount, request.MaxCount);
    }

    /// <summary>Decodes user data.</summary>
    /// <exception cref="AwsException">InvalidUserData.Malformed, or too long.</exception>
    public static byte[]? UserDataOf(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            throw Ec2Errors.InvalidUserData("it is not base64.");
        if (length > UserDataBytesMax)
            throw new AwsException("InvalidParameterValue", 400, $"User data is limited to {UserDataBytesMax} bytes; {length} were given.");
        return bytes[..length];
    }
}
