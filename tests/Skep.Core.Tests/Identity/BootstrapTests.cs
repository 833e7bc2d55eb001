using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Identity;

public sealed class BootstrapTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_start_makes_an_admin_who_can_sign_in_and_the_second_changes_nothing()
    {
        using var directory = new TempDirectory();
        await using var world = await TestResources.CreateAsync([], Ct);
        var path = directory["credentials.json"];
        var credentials = AdminCredentials.ReadOrCreate(path, "123456789012", "us-east-1", world.Client.Ids);
        await BootstrapResources.EnsureAsync(world.Client, credentials, Ct);
        var revision = world.Store.View.Revision;

        var identity = new IdentityDirectory(world.Client);
        var admin = identity.FindToken(credentials.Token);
        Assert.Equal("arn:aws:iam::123456789012:user/admin", admin?.Arn);
        Assert.True(admin!.IsMaster);
        Assert.Equal(credentials.SecretAccessKey, identity.FindAccessKey(credentials.AccessKeyId)?.Key.SecretAccessKey);
        Assert.Matches("^AKIA[A-Z2-7]{16}$", credentials.AccessKeyId);
        Assert.Matches("^[A-Za-z0-9]{40}$", credentials.SecretAccessKey);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

        var again = AdminCredentials.ReadOrCreate(path, "123456789012", "us-east-1", world.Client.Ids);
        Assert.Equal(credentials, again);
        await BootstrapResources.EnsureAsync(world.Client, again, Ct);
        Assert.Equal(revision, world.Store.View.Revision);
    }

    [Fact]
    public async Task Removing_the_credentials_replaces_them()
    {
        using var directory = new TempDirectory();
        await using var world = await TestResources.CreateAsync([], Ct);
        var path = directory["credentials.json"];
        var old = AdminCredentials.ReadOrCreate(path, "123456789012", "us-east-1", world.Client.Ids);
        await BootstrapResources.EnsureAsync(world.Client, old, Ct);
        File.Delete(path);
        var made = AdminCredentials.ReadOrCreate(path, "123456789012", "us-east-1", world.Client.Ids);
        await BootstrapResources.EnsureAsync(world.Client, made, Ct);

        var identity = new IdentityDirectory(world.Client);
        Assert.Null(identity.FindToken(old.Token));
        Assert.Null(identity.FindAccessKey(old.AccessKeyId));
        Assert.NotNull(identity.FindToken(made.Token));
        Assert.Single(world.Store.View.List(CoreKinds.AccessKey, ns: null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"token\":\"x\"}")]
    public void A_damaged_credentials_file_is_named_with_what_to_do(string content)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["credentials.json"], content);
        var ex = Assert.Throws<IdentityException>(() => AdminCredentials.Read(directory["credentials.json"]));
        Assert.Contains("remove it", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_do_not_show_their_secrets()
    {
        using var directory = new TempDirectory();
        var credentials = AdminCredentials.ReadOrCreate(directory["c"], "123456789012", "us-east-1", TestResources.SeededIds(1));
        Assert.DoesNotContain(credentials.SecretAccessKey, $"{credentials}", StringComparison.Ordinal);
        Assert.DoesNotContain(credentials.Token, $"{credentials}", StringComparison.Ordinal);
    }
}
