using Skep.S3.Acls;
using Skep.S3.Errors;

namespace Skep.S3.Tests.Acls;

public sealed class AccessControlListTests
{
    [Theory]
    [InlineData("private")]
    [InlineData("public-read")]
    [InlineData("public-read-write")]
    [InlineData("authenticated-read")]
    [InlineData("bucket-owner-read")]
    [InlineData("bucket-owner-full-control")]
    [InlineData("log-delivery-write")]
    public void Comes_back_from_its_stored_form(string canned)
    {
        var list = CannedAcl.Make(canned, "111", "222");
        Assert.Equal(list.Grants, AccessControlList.Decode(list.Encode(), "333").Grants);
    }

    [Fact]
    public void Nothing_stored_is_private()
    {
        var list = AccessControlList.Decode(default, "111");
        Assert.True(list.Gives("111", AclPermission.WriteAcp));
        Assert.False(list.Gives("222", AclPermission.Read));
        Assert.False(list.Gives("", AclPermission.Read));
    }

    [Theory]
    [InlineData("public-read", "", AclPermission.Read, true)]
    [InlineData("public-read", "", AclPermission.Write, false)]
    [InlineData("public-read-write", "", AclPermission.Write, true)]
    [InlineData("authenticated-read", "", AclPermission.Read, false)]
    [InlineData("authenticated-read", "999", AclPermission.Read, true)]
    [InlineData("bucket-owner-read", "222", AclPermission.Read, true)]
    [InlineData("bucket-owner-read", "222", AclPermission.ReadAcp, false)]
    [InlineData("bucket-owner-full-control", "222", AclPermission.WriteAcp, true)]
    public void Canned_lists_give_what_they_say(string canned, string account, object permission, bool expected) =>
        Assert.Equal(expected, CannedAcl.Make(canned, "111", "222").Gives(account, (AclPermission)permission));

    [Fact]
    public void Public_grants_can_be_ignored() =>
        Assert.False(CannedAcl.Make("public-read", "111", "111").Gives("222", AclPermission.Read, ignoringPublic: true));

    [Fact]
    public void Refuses_a_list_that_does_not_exist() => Assert.Throws<S3Exception>(() => CannedAcl.Make("open", "111", "111"));

    [Fact]
    public void A_damaged_list_gives_nothing() =>
        Assert.Throws<InvalidDataException>(() => AccessControlList.Decode("Everything account 1\n"u8.ToArray(), "111"));
}
