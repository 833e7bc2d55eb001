"""A volume from its making to its end, with boto3's own waiters and paginators as the judge of states and shapes."""
import os

import boto3
import botocore.exceptions

ec2 = boto3.client("ec2", endpoint_url=os.environ["SKEP_ENDPOINT"])
image = os.environ["SKEP_IMAGE"]
fast = {"Delay": 1, "MaxAttempts": 60}


def error_of(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call} succeeded")


def shown(volume):
    return ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]


instance = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=fast)

volume = ec2.create_volume(
    AvailabilityZone="us-east-1a", Size=10, VolumeType="io2", Iops=400, ClientToken="once",
    TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}])["VolumeId"]
again = ec2.create_volume(
    AvailabilityZone="us-east-1a", Size=10, VolumeType="io2", Iops=400, ClientToken="once",
    TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}])["VolumeId"]
assert again == volume
assert error_of(ec2.create_volume, AvailabilityZone="us-east-1a", Size=11, ClientToken="once") == "IdempotentParameterMismatch"
assert error_of(ec2.create_volume, AvailabilityZone="us-east-1a", Size=11, DryRun=True) == "DryRunOperation"
ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=fast)
assert ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": ["d*"]}, {"Name": "volume-type", "Values": ["io2"]}])["Volumes"][0]["VolumeId"] == volume
assert shown(volume)["Iops"] == 400 and not shown(volume)["Encrypted"] and shown(volume)["Attachments"] == []

ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig=fast)
assert error_of(ec2.attach_volume, VolumeId=volume, InstanceId=instance, Device="/dev/sdg") == "VolumeInUse"
assert error_of(ec2.delete_volume, VolumeId=volume) == "VolumeInUse"
ec2.modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}])
assert shown(volume)["Attachments"][0]["DeleteOnTermination"]
mappings = ec2.describe_instance_attribute(InstanceId=instance, Attribute="blockDeviceMapping")["BlockDeviceMappings"]
assert [(m["DeviceName"], m["Ebs"]["DeleteOnTermination"]) for m in mappings] == [("/dev/xvda", True), ("/dev/sdf", True)]

modification = ec2.modify_volume(VolumeId=volume, Size=40, Iops=1000)["VolumeModification"]
assert (modification["OriginalSize"], modification["TargetSize"], modification["TargetIops"]) == (10, 40, 1000)
for page in ec2.get_paginator("describe_volumes_modifications").paginate(VolumeIds=[volume]):
    assert page["VolumesModifications"][0]["ModificationState"] in ("modifying", "optimizing", "completed")
assert error_of(ec2.modify_volume, VolumeId=volume, Size=39) in ("InvalidParameterValue", "IncorrectModificationState")
for page in ec2.get_paginator("describe_volume_status").paginate(VolumeIds=[volume]):
    assert page["VolumeStatuses"][0]["VolumeStatus"]["Status"] == "ok"
ec2.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})
assert ec2.describe_volume_attribute(VolumeId=volume, Attribute="autoEnableIO")["AutoEnableIO"]["Value"]

assert error_of(ec2.detach_volume, VolumeId=volume, Device="/dev/sdz") == "InvalidAttachment.NotFound"
ec2.detach_volume(VolumeId=volume)
ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=fast)
ec2.delete_volume(VolumeId=volume)
ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume], WaiterConfig=fast)

ec2.terminate_instances(InstanceIds=[instance])
print("ok")
