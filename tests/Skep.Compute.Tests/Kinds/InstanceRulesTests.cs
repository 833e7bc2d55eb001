using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Compute.Tests.Kinds;

public sealed class InstanceRulesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_instance_made_by_hand_gets_finalizer_and_state()
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        var made = await CreateAsync(world, """{"imageId":"ami-1","instanceType":"t3.micro"}""");
        Assert.Equal([Instance.Finalizer], made.Metadata.Finalizers!);
        Assert.Equal((InstanceState.Pending, InstanceRunState.Running), (made.Status!.State, made.Spec.RunState));
    }

    [Fact]
    public async Task The_finalizer_does_not_come_back_when_the_agent_takes_it_away()
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        await CreateAsync(world, """{"imageId":"ami-1","instanceType":"t3.micro"}""");
        var key = ComputeKinds.Instance.Key("default", "web");
        await world.Client.DeleteAsync(key, Ct);
        await world.Client.ModifyAsync(ComputeKinds.Instance, key, i => i.Metadata.Finalizers!.Remove(Instance.Finalizer), Ct);
        Assert.Null(world.Client.View.Get(key));
    }

    [Theory]
    [InlineData("""{"instanceType":"t3.micro"}""", "spec.imageId")]
    [InlineData("""{"imageId":"ami-1"}""", "spec.instanceType")]
    [InlineData("""{"imageId":"ami-1","instanceType":"huge"}""", "spec.instanceType")]
    [InlineData("""{"imageId":"ami-1","instanceType":"T3.micro"}""", "spec.instanceType")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","runState":"Flying"}""", "spec.runState")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","instanceInitiatedShutdownBehavior":"hide"}""", "spec.instanceInitiatedShutdownBehavior")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","metadataOptions":{"httpTokens":"maybe"}}""", "spec.metadataOptions.httpTokens")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","metadataOptions":{"httpPutResponseHopLimit":65}}""", "spec.metadataOptions.httpPutResponseHopLimit")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","metadataOptions":{"httpPutResponseHopLimit":0}}""", "spec.metadataOptions.httpPutResponseHopLimit")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","reboots":-1}""", "spec.reboots")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","blockDevices":[{"deviceName":"/dev/xvda"}]}""", "spec.blockDevices[0].volumeId")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","blockDevices":[{"deviceName":"a","volumeId":"v"},{"deviceName":"b","volumeId":"v"}]}""", "spec.blockDevices[1]")]
    [InlineData("""{"imageId":"ami-1","instanceType":"t3.micro","networkInterfaces":[{"networkInterfaceId":"a"},{"networkInterfaceId":"b"}]}""", "spec.networkInterfaces[1]")]
    public async Task Names_the_field_at_fault(string spec, string field)
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(() => CreateAsync(world, spec));
        Assert.Equal(ResourceError.Invalid, ex.Reason);
        Assert.Equal(field, Assert.Single(ex.Causes).Field);
    }

    [Theory]
    [InlineData("imageId", "spec.imageId")]
    [InlineData("instanceType", "spec.instanceType")]
    [InlineData("nodeName", "spec.nodeName")]
    [InlineData("rebirth", "spec.runState")]
    public async Task What_cannot_change_stays(string change, string field)
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        await CreateAsync(world, """{"imageId":"ami-1","instanceType":"t3.micro","nodeName":"a"}""");
        var ex = await Assert.ThrowsAsync<ResourceException>(async () =>
        {
            if (change == "rebirth")
                await ModifyAsync(world, i => i.Spec.RunState = InstanceRunState.Terminated);
            await ModifyAsync(world, i =>
            {
                if (change == "imageId")
                    i.Spec.ImageId = "ami-2";
                else if (change == "instanceType")
                    i.Spec.InstanceType = "t3.small";
                else if (change == "nodeName")
                    i.Spec.NodeName = "b";
                else
                    i.Spec.RunState = InstanceRunState.Running;
            });
        });
        Assert.Equal(field, Assert.Single(ex.Causes).Field);
    }

    [Fact]
    public async Task The_type_of_a_stopped_instance_can_change()
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        await CreateAsync(world, """{"imageId":"ami-1","instanceType":"t3.micro"}""");
        await ModifyAsync(world, i => i.Status!.State = InstanceState.Stopped);
        var changed = await ModifyAsync(world, i => i.Spec.InstanceType = "t3.small");
        Assert.Equal("t3.small", changed!.Spec.InstanceType);
    }

    private static Task<Instance?> ModifyAsync(TestResources world, Action<Instance> change) => world.Client.ModifyAsync(
        ComputeKinds.Instance,
        ComputeKinds.Instance.Key("default", "web"),
        i => { change(i); return true; },
        Ct);

    private static async Task<Instance> CreateAsync(TestResources world, string spec)
    {
        var transaction = world.Client.Begin();
        var key = transaction.Create(ComputeKinds.Instance, System.Text.Encoding.UTF8.GetBytes("{\"metadata\":{\"name\":\"web\",\"namespace\":\"default\"},\"spec\":" + spec + "}"));
        return (await transaction.CommitAsync(Ct)).Get(key)!.View(ComputeKinds.Instance);
    }
}
