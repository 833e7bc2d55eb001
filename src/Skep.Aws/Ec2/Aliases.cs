// The service model and the resource model both speak of instances, images and volumes. In handlers the plain word is
// the service's (what goes over the wire), and the stored resource has the suffix.
global using AddressClaimResource = Skep.Networking.Kinds.AddressClaim;
global using ComputeKinds = Skep.Compute.Kinds.ComputeKinds;
global using ImageResource = Skep.Compute.Kinds.Image;
global using InstanceResource = Skep.Compute.Kinds.Instance;
global using InstanceTypeResource = Skep.Compute.Kinds.InstanceType;
global using KeyPairResource = Skep.Compute.Kinds.KeyPair;
global using NetworkingKinds = Skep.Networking.Kinds.NetworkingKinds;
global using NetworkInterfaceResource = Skep.Networking.Kinds.NetworkInterface;
global using ReplaceRootVolumeTaskResource = Skep.Aws.Kinds.ReplaceRootVolumeTask;
global using SecurityGroupResource = Skep.Networking.Kinds.SecurityGroup;
global using SnapshotResource = Skep.Storage.Kinds.Snapshot;
global using StorageKinds = Skep.Storage.Kinds.StorageKinds;
global using SubnetResource = Skep.Networking.Kinds.Subnet;
global using VolumeResource = Skep.Storage.Kinds.Volume;
global using VpcResource = Skep.Networking.Kinds.Vpc;
