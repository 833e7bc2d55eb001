using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2;

/// <summary>
/// EC2's error codes. Their spelling follows no rule (see "Error codes for the Amazon EC2 API" in the EC2 reference), so
/// each stands here once.
/// </summary>
internal static class Ec2Errors
{
    // Instances
    public static AwsException InstanceNotFound(params IReadOnlyList<string> ids) =>
        NotFound("InvalidInstanceID.NotFound", "instance ID", "instance IDs", ids);

    public static AwsException IncorrectInstanceState(string id, string action) =>
        new("IncorrectInstanceState", 400, $"The instance '{id}' is not in a state from which it can be {action}.");

    public static AwsException InstanceProtected(string id, string attribute, string verb) =>
        new("OperationNotPermitted", 400, $"The instance '{id}' may not be {verb}. Modify its '{attribute}' instance attribute and try again.");

    public static AwsException NoCapacity(string instanceType, string zone, string why) =>
        new("InsufficientInstanceCapacity", 500, $"We currently do not have sufficient {instanceType} capacity in the Availability Zone you requested ({zone}): {why}.");

    public static AwsException UnknownInstanceType(string instanceType) =>
        new("InvalidInstanceType", 400, $"The instance type '{instanceType}' does not exist.");

    public static AwsException InstanceTerminatedForToken(string id) =>
        new("IdempotentInstanceTerminated", 400, $"The instance '{id}' that was launched with this client token is terminated.");

    public static AwsException InvalidUserData(string why) => new("InvalidUserData.Malformed", 400, $"Invalid user data: {why}");

    public static AwsException InvalidBlockDeviceMapping(string why) => new("InvalidBlockDeviceMapping", 400, why);

    // Images and keys
    public static AwsException ImageNotFound(params IReadOnlyList<string> ids) =>
        new("InvalidAMIID.NotFound", 400, ids.Count == 1 ? $"The image id '[{ids[0]}]' does not exist" : $"The image ids '[{string.Join(", ", ids)}]' do not exist");

    public static AwsException ImageUnavailable(string id, string state) =>
        new("InvalidAMIID.Unavailable", 400, $"The image id '[{id}]' is not available: its state is {state}.");

    public static AwsException ImageNameDuplicate(string name, string id) =>
        new("InvalidAMIName.Duplicate", 400, $"AMI name {name} is already in use by AMI {id}");

    public static AwsException ImageNameMalformed(string why) => new("InvalidAMIName.Malformed", 400, why);

    public static AwsException KeyPairNotFound(string name) => new("InvalidKeyPair.NotFound", 400, $"The key pair '{name}' does not exist");

    public static AwsException KeyPairDuplicate(string name) => new("InvalidKeyPair.Duplicate", 400, $"The keypair '{name}' already exists.");

    public static AwsException KeyFormat(string why) => new("InvalidKey.Format", 400, $"Key is not in valid OpenSSH public key format: {why}");

    // Network
    public static AwsException VpcNotFound(params IReadOnlyList<string> ids) => NotFound("InvalidVpcID.NotFound", "vpc ID", "vpc IDs", ids);

    public static AwsException SubnetNotFound(params IReadOnlyList<string> ids) => NotFound("InvalidSubnetID.NotFound", "subnet ID", "subnet IDs", ids);

    public static AwsException SecurityGroupNotFound(params IReadOnlyList<string> ids) =>
        NotFound("InvalidGroup.NotFound", "security group", "security groups", ids);

    public static AwsException NetworkInterfaceNotFound(params IReadOnlyList<string> ids) =>
        NotFound("InvalidNetworkInterfaceID.NotFound", "networkInterface ID", "networkInterface IDs", ids);

    public static AwsException NetworkInterfaceInUse(string id) => new("InvalidNetworkInterface.InUse", 400, $"The network interface '{id}' is currently in use.");

    public static AwsException NoDefaultVpc() => new("VPCIdNotSpecified", 400, "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.");

    public static AwsException NoDefaultSubnet(string zone) => new("MissingInput", 400, $"No subnets found for the default VPC in the Availability Zone '{zone}'. Please specify a subnet.");

    public static AwsException SubnetFull(string id) =>
        new("InsufficientFreeAddressesInSubnet", 400, $"There are not enough free addresses in subnet '{id}' to satisfy the requested number of instances.");

    public static AwsException AddressInUse(string address) => new("InvalidIPAddress.InUse", 400, $"Address {address} is in use.");

    public static AwsException AddressOutsideSubnet(string address, string subnet) =>
        InvalidValue("privateIpAddress", address, $"it is not an address that interfaces of subnet {subnet} can have");

    public static AwsException ZoneNotFound(string zone) => new("InvalidParameterValue", 400, $"Invalid availability zone: [{zone}]");

    // Volumes
    public static AwsException VolumeNotFound(params IReadOnlyList<string> ids) =>
        new("InvalidVolume.NotFound", 400, ids.Count == 1 ? $"The volume '{ids[0]}' does not exist." : $"The volumes '{string.Join(", ", ids)}' do not exist.");

    public static AwsException VolumeInUse(string message) => new("VolumeInUse", 400, message);

    public static AwsException KeyNeedsEncrypted() => new("InvalidParameterDependency", 400, "The parameter [KmsKeyId] requires the parameter Encrypted to be set.");

    public static AwsException AttachmentNotFound(string message) => new("InvalidAttachment.NotFound", 400, message);

    public static AwsException ReplaceRootVolumeTaskNotFound(params IReadOnlyList<string> ids) =>
        NotFound("InvalidReplaceRootVolumeTaskId.NotFound", "replace root volume task ID", "replace root volume task IDs", ids);

    // Snapshots
    public static AwsException SnapshotNotFound(params IReadOnlyList<string> ids) =>
        new("InvalidSnapshot.NotFound", 400, ids.Count == 1 ? $"The snapshot '{ids[0]}' does not exist." : $"The snapshots '{string.Join(", ", ids)}' do not exist.");

    public static AwsException SnapshotInUse(string id, string user) => new("InvalidSnapshot.InUse", 400, $"The snapshot {id} is currently in use by {user}");

    public static AwsException SnapshotLimit(int max) => new("SnapshotLimitExceeded", 400, $"An account can have at most {max} snapshots.");

    public static AwsException ConcurrentSnapshotLimit(string volumeId, int max) =>
        new("ConcurrentSnapshotLimitExceeded", 400, $"Maximum allowed in-progress snapshots for a single volume exceeded: {volumeId} has {max}.");

    public static AwsException UserIdMalformed(string id) => new("InvalidUserID.Malformed", 400, $"Invalid user id: \"{id}\" (expecting the 12 digits of an account)");

    // Any
    public static AwsException IncorrectState(string message) => new("IncorrectState", 400, message);

    public static AwsException InvalidValue(string parameter, string value, string why) =>
        new("InvalidParameterValue", 400, $"Value ({value}) for parameter {parameter} is invalid: {why}.");

    public static AwsException InvalidCombination(string why) => new("InvalidParameterCombination", 400, why);

    public static AwsException Missing(string parameter) => new("MissingParameter", 400, $"The request must contain the parameter {parameter}");

    /// <summary>An option that would promise something Skep does not do yet: silently ignoring it would be a lie.</summary>
    public static AwsException Unsupported(string what) => new("UnsupportedOperation", 400, $"Skep does not support {what} yet.");

    public static AwsException InvalidId(string id) => new("InvalidID", 400, $"The ID '{id}' is not valid");

    public static AwsException TagLimit(int max) => new("TagLimitExceeded", 400, $"The maximum number of tags for a resource is {max}.");

    private static AwsException NotFound(string code, string noun, string nouns, IReadOnlyList<string> ids) =>
        new(code, 400, ids.Count == 1 ? $"The {noun} '{ids[0]}' does not exist" : $"The {nouns} '{string.Join(", ", ids)}' do not exist");
}
