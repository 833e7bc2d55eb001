"""A disk written block by block through EBS' direct APIs, made into a volume, read back, and compared with a later one."""
import base64
import hashlib
import os
import random

import boto3
import botocore.exceptions

ebs = boto3.client("ebs", endpoint_url=os.environ["SKEP_ENDPOINT"])
ec2 = boto3.client("ec2", endpoint_url=os.environ["SKEP_ENDPOINT"])
fast = {"Delay": 1, "MaxAttempts": 60}
block_size = 524288
rng = random.Random(7)


def checksum(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def put(snapshot, index, data):
    answer = ebs.put_snapshot_block(
        SnapshotId=snapshot, BlockIndex=index, BlockData=data, DataLength=len(data), Checksum=checksum(data), ChecksumAlgorithm="SHA256")
    assert answer["Checksum"] == checksum(data)


def write(blocks, parent=None):
    more = {"ParentSnapshotId": parent} if parent else {}
    started = ebs.start_snapshot(VolumeSize=1, Description="direct", Tags=[{"Key": "Name", "Value": "d"}], Timeout=60, **more)
    assert (started["Status"], started["BlockSize"], started["VolumeSize"]) == ("pending", block_size, 1), started
    for index, data in blocks.items():
        put(started["SnapshotId"], index, data)
    linear = hashlib.sha256(b"".join(hashlib.sha256(blocks[i]).digest() for i in sorted(blocks))).digest()
    done = ebs.complete_snapshot(
        SnapshotId=started["SnapshotId"], ChangedBlocksCount=len(blocks), Checksum=base64.b64encode(linear).decode(),
        ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR")
    assert done["Status"] in ("pending", "completed")
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[started["SnapshotId"]], WaiterConfig=fast)
    return started["SnapshotId"]


def read(snapshot, block, token):
    answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=block, BlockToken=token)
    data = answer["BlockData"].read()
    assert (answer["DataLength"], answer["Checksum"], answer["ChecksumAlgorithm"]) == (block_size, checksum(data), "SHA256")
    return data


def error_of(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Reason")
    raise AssertionError(f"{call} succeeded")


content = {i: rng.randbytes(block_size) for i in (0, 1, 7, 2047)}
first = write(content)
listed = ebs.list_snapshot_blocks(SnapshotId=first)
assert [b["BlockIndex"] for b in listed["Blocks"]] == sorted(content)
for block in listed["Blocks"]:
    assert read(first, block["BlockIndex"], block["BlockToken"]) == content[block["BlockIndex"]]

volume = ec2.create_volume(AvailabilityZone="us-east-1a", SnapshotId=first, VolumeType="gp3")
assert volume["Size"] == 1
ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig=fast)

changed = {1: rng.randbytes(block_size), 9: rng.randbytes(block_size), 7: bytes(block_size)}
second = write(changed, parent=first)
changes = ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second)["ChangedBlocks"]
assert [(c["BlockIndex"], "FirstBlockToken" in c, "SecondBlockToken" in c) for c in changes] == [(1, True, True), (7, True, False), (9, False, True)], changes
assert read(second, 1, changes[0]["SecondBlockToken"]) == changed[1]
assert read(first, 1, changes[0]["FirstBlockToken"]) == content[1]
assert [b["BlockIndex"] for b in ebs.list_snapshot_blocks(SnapshotId=second)["Blocks"]] == [0, 1, 9, 2047]

assert error_of(ebs.get_snapshot_block, SnapshotId=second, BlockIndex=0, BlockToken=changes[0]["SecondBlockToken"]) == ("ValidationException", "INVALID_BLOCK_TOKEN")
assert error_of(ebs.list_snapshot_blocks, SnapshotId="snap-0123456789abcdef0") == ("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND")
assert error_of(ebs.start_snapshot, VolumeSize=20000) == ("ValidationException", "INVALID_VOLUME_SIZE")
token = {"VolumeSize": 1, "ClientToken": "once"}
assert ebs.start_snapshot(**token)["SnapshotId"] == ebs.start_snapshot(**token)["SnapshotId"]
assert error_of(ebs.start_snapshot, VolumeSize=2, ClientToken="once")[0] == "ConflictException"
print("ok")
