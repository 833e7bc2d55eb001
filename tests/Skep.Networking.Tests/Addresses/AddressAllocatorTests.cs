using System.Net;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.Tests.Addresses;

public sealed class AddressAllocatorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gives_each_usable_address_once_and_then_none()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/28", Ct);
        var allocator = new AddressAllocator(world.Client.View);
        var subnet = world.Client.View.Get(TestNetwork.Subnet)!;
        Assert.Equal(11, allocator.CountFree(subnet));
        var given = Enumerable.Range(0, 11).Select(_ => allocator.TryTake(subnet)!.ToString()).ToList();
        Assert.Equal(Enumerable.Range(4, 11).Select(i => $"172.31.0.{i}"), given);
        Assert.Null(allocator.TryTake(subnet));
        Assert.Equal(0, allocator.CountFree(subnet));
    }

    [Fact]
    public async Task Goes_on_after_the_last_claim_and_wraps()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/28", Ct);
        await ClaimAsync(world, 5);
        await ClaimAsync(world, 13);
        var allocator = new AddressAllocator(world.Client.View);
        var subnet = world.Client.View.Get(TestNetwork.Subnet)!;
        Assert.Equal(["172.31.0.14", "172.31.0.4", "172.31.0.6"], Enumerable.Range(0, 3).Select(_ => allocator.TryTake(subnet)!.ToString()));
    }

    [Fact]
    public async Task A_certain_address_is_given_when_it_is_free_and_usable()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/28", Ct);
        await ClaimAsync(world, 5);
        var allocator = new AddressAllocator(world.Client.View);
        var subnet = world.Client.View.Get(TestNetwork.Subnet)!;
        Assert.True(allocator.TryTake(subnet, IPAddress.Parse("172.31.0.7")));
        Assert.False(allocator.TryTake(subnet, IPAddress.Parse("172.31.0.7")));
        Assert.False(allocator.TryTake(subnet, IPAddress.Parse("172.31.0.5")));
        Assert.False(allocator.TryTake(subnet, IPAddress.Parse("172.31.0.3")));
        Assert.False(allocator.TryTake(subnet, IPAddress.Parse("172.31.0.15")));
        Assert.False(allocator.TryTake(subnet, IPAddress.Parse("10.0.0.5")));
    }

    [Fact]
    public async Task Two_writers_at_once_cannot_have_one_address()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/28", Ct);
        var first = Build(world);
        var second = Build(world);
        await first.CommitAsync(Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(() => second.CommitAsync(Ct));
        Assert.Equal(ResourceError.AlreadyExists, ex.Reason);

        static ResourceTransaction Build(TestResources world)
        {
            var transaction = world.Client.Begin();
            var subnet = transaction.View.Get(TestNetwork.Subnet)!;
            Assert.NotNull(new InterfaceBuilder(transaction, world.Client.Ids).Add(subnet, null, new NetworkInterfaceSpec(), null));
            return transaction;
        }
    }

    [Fact]
    public async Task An_interface_owns_its_claim()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/28", Ct);
        var transaction = world.Client.Begin();
        var made = new InterfaceBuilder(transaction, world.Client.Ids).Add(transaction.View.Get(TestNetwork.Subnet)!, null, new NetworkInterfaceSpec(), null)!;
        var view = await transaction.CommitAsync(Ct);
        var claim = view.List(NetworkingKinds.AddressClaim, "default").Single();
        Assert.Equal($"{TestNetwork.SubnetId}.172-31-0-4", claim.Metadata.Name);
        Assert.Equal(made.Metadata.Name, claim.Spec.NetworkInterfaceId);
        Assert.Equal(view.Get(NetworkingKinds.NetworkInterface, "default", made.Metadata.Name)!.Metadata.Uid, claim.Metadata.OwnerReferences!.Single().Uid);
        Assert.Equal(TestNetwork.VpcId, made.Spec.VpcId);
        Assert.Equal("us-east-1a", made.Spec.AvailabilityZone);
    }

    private static Task<AddressClaim> ClaimAsync(TestResources world, int number) =>
        world.Client.CreateAsync(NetworkingKinds.AddressClaim, new AddressClaim
        {
            Metadata = TestNetwork.Meta($"{TestNetwork.SubnetId}.172-31-0-{number}"),
            Spec = { SubnetId = TestNetwork.SubnetId, Address = $"172.31.0.{number}", NetworkInterfaceId = $"eni-{number}" },
        }, Ct);
}
