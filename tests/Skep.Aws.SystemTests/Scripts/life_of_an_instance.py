"""An instance from launch to end, with boto3's own waiters and paginators as the judge of states and shapes."""
import base64
import os

import boto3
import botocore.exceptions

ec2 = boto3.client("ec2", endpoint_url=os.environ["SKEP_ENDPOINT"])
sts = boto3.client("sts", endpoint_url=os.environ["SKEP_ENDPOINT"])
image = os.environ["SKEP_IMAGE"]
fast = {"Delay": 1, "MaxAttempts": 60}


def error_of(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"{call} succeeded")


assert sts.get_caller_identity()["Account"] == "123456789012"
assert "us-east-1" in [r["RegionName"] for r in ec2.describe_regions()["Regions"]]
assert ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneId"] == "use1-az1"

run = ec2.run_instances(
    ImageId=image, InstanceType="t3.micro", MinCount=3, MaxCount=3, UserData="#!/bin/sh\necho <&>\n",
    TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "ä <&> \"漢\""}]}])
ids = [i["InstanceId"] for i in run["Instances"]]
assert [i["AmiLaunchIndex"] for i in run["Instances"]] == [0, 1, 2]
ec2.get_waiter("instance_exists").wait(InstanceIds=ids, WaiterConfig=fast)
ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=fast)

instances = [i for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]
assert len(instances) == 3
for instance in instances:
    assert instance["State"] == {"Code": 16, "Name": "running"}
    assert instance["Tags"] == [{"Key": "Name", "Value": "ä <&> \"漢\""}]
    assert instance["NetworkInterfaces"][0]["Attachment"]["Status"] == "attached"
    assert instance["BlockDeviceMappings"][0]["Ebs"]["Status"] == "attached"
    assert instance["SecurityGroups"][0]["GroupName"] == "default"

data = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")["UserData"]["Value"]
assert base64.b64decode(data) == b"#!/bin/sh\necho <&>\n"

pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5}))
assert sum(len(p["Volumes"]) for p in pages) == 3
for operation in ["describe_instances", "describe_instance_status", "describe_vpcs", "describe_subnets", "describe_security_groups",
                  "describe_network_interfaces", "describe_instance_types", "describe_instance_type_offerings"]:
    assert list(ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 5})), operation

ec2.stop_instances(InstanceIds=ids)
ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig=fast)
ec2.modify_instance_attribute(InstanceId=ids[0], InstanceType={"Value": "t3.small"})
ec2.modify_instance_attribute(InstanceId=ids[0], UserData={"Value": b"#!/bin/true"})
assert base64.b64decode(ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")["UserData"]["Value"]) == b"#!/bin/true"
ec2.start_instances(InstanceIds=ids)
ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=fast)
ec2.reboot_instances(InstanceIds=ids)
ec2.terminate_instances(InstanceIds=ids)
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=fast)

assert error_of(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"]) == ("InvalidInstanceID.NotFound", 400)
assert error_of(ec2.describe_instances, InstanceIds=["i-x"]) == ("InvalidInstanceID.Malformed", 400)
assert error_of(ec2.run_instances, ImageId=image, MinCount=1, MaxCount=1, DryRun=True) == ("DryRunOperation", 412)
assert error_of(ec2.accept_address_transfer, Address="192.0.2.1") == ("UnsupportedOperation", 400)
wrong = boto3.client("ec2", endpoint_url=os.environ["SKEP_ENDPOINT"], aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="wrong")
assert error_of(wrong.describe_instances) == ("AuthFailure", 401)
print("ok")
