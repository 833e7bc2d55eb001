using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.S3.Access;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.S3.Tests.Encryption;

public sealed class KmsKeysTests
{
    private const string Account = "111122223333";
    private const string Other = "444455556666";
    private const string Arn = $"arn:aws:kms:us-east-1:{Account}:key/orders";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("orders", Arn)]
    [InlineData("alias/orders", Arn)]
    [InlineData(Arn, Arn)]
    [InlineData($"arn:aws:kms:us-east-1:{Account}:alias/orders", Arn)]
    [InlineData("missing", "KMS.NotFoundException")]
    [InlineData("Not a name", "KMS.NotFoundException")]
    [InlineData("disabled", "KMS.DisabledException")]
    [InlineData("arn:aws:kms:eu-west-1:111122223333:key/orders", "KMS.NotFoundException")]
    [InlineData("arn:aws:kms:us-east-1:777788889999:key/orders", "KMS.NotFoundException")]
    [InlineData($"arn:aws:kms:us-east-1:{Other}:key/theirs", $"arn:aws:kms:us-east-1:{Other}:key/theirs")]
    [InlineData("theirs", "KMS.NotFoundException")]
    public async Task Keys_are_named_by_id_alias_and_arn(string name, string expected)
    {
        await using var world = await MakeAsync();
        var keys = KeysOf(world);
        string found;
        try
        {
            found = keys.Require(name, Account, Other);
            keys.RequireUsable(found);
        }
        catch (S3Exception ex)
        {
            found = ex.Code;
            Assert.Equal(400, ex.Status);
        }

        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task Every_account_has_the_key_that_aws_manages()
    {
        await using var world = await MakeAsync();
        var keys = KeysOf(world);
        var arn = keys.DefaultOf(Account);
        Assert.StartsWith($"arn:aws:kms:us-east-1:{Account}:key/", arn, StringComparison.Ordinal);
        Assert.NotEqual(arn[^36..], keys.DefaultOf(Other)[^36..]);
        Assert.All([arn, arn[^36..], KmsKeys.Alias], name => Assert.Equal(arn, keys.Require(name, Account)));
        keys.RequireUsable(arn);
    }

    [Fact]
    public async Task A_key_that_is_deleted_opens_nothing_until_it_exists_again()
    {
        await using var world = await MakeAsync();
        var keys = KeysOf(world);
        await world.Client.DeleteAsync(StorageKinds.EncryptionKey.Key("default", "orders"), Ct);
        Assert.Equal("KMS.NotFoundException", Assert.Throws<S3Exception>(() => keys.RequireUsable(Arn)).Code);
        await CreateKeyAsync(world, "default", "orders", EncryptionKeyState.Enabled);
        keys.RequireUsable(Arn);
    }

    private static KmsKeys KeysOf(TestResources world) =>
        new(world.Client, new S3Accounts(world.Client), new SkepOptions { DataDirectory = "/nonexistent", NodeName = "n", HostPrefix = "p" });

    private static async Task<TestResources> MakeAsync()
    {
        var world = await TestResources.CreateAsync(StorageKinds.All, Ct);
        await world.Client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "other" } }, Ct);
        await world.Client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = Account }, Spec = { AccountId = Account, Namespace = "default" } }, Ct);
        await world.Client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = Other }, Spec = { AccountId = Other, Namespace = "other" } }, Ct);
        await CreateKeyAsync(world, "default", "orders", EncryptionKeyState.Enabled);
        await CreateKeyAsync(world, "default", "disabled", EncryptionKeyState.Disabled);
        await CreateKeyAsync(world, "other", "theirs", EncryptionKeyState.Enabled);
        return world;
    }

    private static Task CreateKeyAsync(TestResources world, string ns, string name, string state) =>
        world.Client.CreateAsync(StorageKinds.EncryptionKey, new EncryptionKey { Metadata = { Name = name, Namespace = ns }, Spec = { State = state } }, Ct);
}
