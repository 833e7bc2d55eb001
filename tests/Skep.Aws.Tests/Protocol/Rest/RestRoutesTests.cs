using Skep.Aws.Ebs;
using Skep.Aws.Protocol.Rest;

namespace Skep.Aws.Tests.Protocol.Rest;

public sealed class RestRoutesTests
{
    [Theory]
    [InlineData("POST", "/snapshots", "StartSnapshot", "")]
    [InlineData("PUT", "/snapshots/snap-1/blocks/7", "PutSnapshotBlock", "snapshotId=snap-1,blockIndex=7")]
    [InlineData("GET", "/snapshots/snap-1/blocks/7", "GetSnapshotBlock", "snapshotId=snap-1,blockIndex=7")]
    [InlineData("GET", "/snapshots/a%20b/blocks", "ListSnapshotBlocks", "snapshotId=a b")]
    [InlineData("GET", "/snapshots/snap-1/changedblocks", "ListChangedBlocks", "secondSnapshotId=snap-1")]
    [InlineData("POST", "/snapshots/completion/snap-1", "CompleteSnapshot", "snapshotId=snap-1")]
    public void Method_and_path_name_an_operation(string method, string path, string expected, string labels)
    {
        Assert.True(RestRoutes.Of(EbsService.Instance).TryMatch(method, path, out var operation, out var found));
        Assert.Equal(expected, operation.Name);
        Assert.Equal(labels, string.Join(',', found.Select(l => $"{l.Key}={l.Value}")));
    }

    [Theory]
    [InlineData("GET", "/snapshots")]
    [InlineData("PUT", "/snapshots/snap-1/blocks")]
    [InlineData("GET", "/snapshots//blocks")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/snapshots/snap-1/blocks/7/8")]
    public void Others_name_none(string method, string path) =>
        Assert.False(RestRoutes.Of(EbsService.Instance).TryMatch(method, path, out _, out _));
}
