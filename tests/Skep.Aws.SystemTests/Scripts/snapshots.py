"""Snapshots of volumes and instances, their copies and permissions, and an image of a running instance."""
import os

import boto3
import botocore.exceptions

ec2 = boto3.client("ec2", endpoint_url=os.environ["SKEP_ENDPOINT"])
fast = {"Delay": 1, "MaxAttempts": 60}


def error_of(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call} succeeded")


volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, VolumeType="gp3")["VolumeId"]
ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=fast)
snapshot = ec2.create_snapshot(
    VolumeId=volume, Description="nightly", TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "n1"}]}])
assert (snapshot["State"], snapshot["VolumeSize"], snapshot["OwnerId"]) == ("pending", 8, "123456789012"), snapshot
id = snapshot["SnapshotId"]
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[id], WaiterConfig=fast)
shown = ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "tag:Name", "Values": ["n*"]}, {"Name": "status", "Values": ["completed"]}])["Snapshots"]
assert [(s["SnapshotId"], s["Progress"], s["Description"]) for s in shown] == [(id, "100%", "nightly")], shown

copy = ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=id, Description="copy")["SnapshotId"]
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[copy], WaiterConfig=fast)
pages = list(ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 5}))
assert sorted(s["SnapshotId"] for p in pages for s in p["Snapshots"]) == sorted([id, copy])

ec2.modify_snapshot_attribute(SnapshotId=id, Attribute="createVolumePermission", OperationType="add", UserIds=["111122223333"])
attribute = ec2.describe_snapshot_attribute(SnapshotId=id, Attribute="createVolumePermission")
assert attribute["CreateVolumePermissions"] == [{"UserId": "111122223333"}], attribute
ec2.reset_snapshot_attribute(SnapshotId=id, Attribute="createVolumePermission")
assert ec2.describe_snapshot_attribute(SnapshotId=id, Attribute="createVolumePermission")["CreateVolumePermissions"] == []

restored = ec2.create_volume(AvailabilityZone="us-east-1a", SnapshotId=id)
assert (restored["Size"], restored["SnapshotId"]) == (8, id)
ec2.get_waiter("volume_available").wait(VolumeIds=[restored["VolumeId"]], WaiterConfig=fast)

instance = ec2.run_instances(ImageId=os.environ["SKEP_IMAGE"], InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=fast)
set = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance}, Description="set")["Snapshots"]
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[s["SnapshotId"] for s in set], WaiterConfig=fast)

image = ec2.create_image(InstanceId=instance, Name="web-1")["ImageId"]
ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=fast)
device = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]
assert error_of(ec2.delete_snapshot, SnapshotId=device["Ebs"]["SnapshotId"]) == "InvalidSnapshot.InUse"
ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=fast)
ec2.deregister_image(ImageId=image)
for each in [id, copy, device["Ebs"]["SnapshotId"]]:
    ec2.delete_snapshot(SnapshotId=each)
assert error_of(ec2.describe_snapshots, SnapshotIds=[id]) == "InvalidSnapshot.NotFound"

assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
key = ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
assert ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
encrypted = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)
assert encrypted["Encrypted"] and encrypted["KmsKeyId"] == key
assert ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
ec2.get_waiter("volume_available").wait(VolumeIds=[encrypted["VolumeId"]], WaiterConfig=fast)
taken = ec2.create_snapshot(VolumeId=encrypted["VolumeId"])
assert taken["Encrypted"] and taken["KmsKeyId"] == key
assert error_of(ec2.create_volume, AvailabilityZone="us-east-1a", Size=1, KmsKeyId=key) == "InvalidParameterDependency"
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[taken["SnapshotId"]], WaiterConfig=fast)
ec2.delete_snapshot(SnapshotId=taken["SnapshotId"])
ec2.delete_volume(VolumeId=encrypted["VolumeId"])
print("ok")
