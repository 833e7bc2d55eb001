using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Storage.Kinds;

namespace Skep.Storage.Tests.Volumes;

public sealed class VolumeAgentTests
{
    private const long GiB = 1L << 30;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_empty_volume_becomes_available_with_its_file()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync("vol-1", v => v.SizeGib = 3);
        Assert.Equal(("available", "qcow2", world.Options.PathOf("volumes", "vol-1.qcow2")), (volume.Status!.State, volume.Status.Format, volume.Status.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(volume.Status.Path!));
        Assert.Equal(3 * GiB, (await InfoAsync(volume.Status.Path!)).VirtualSizeBytes);
    }

    [Fact]
    public async Task A_volume_that_names_no_pool_is_made_in_the_default_one_and_stays_there()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        foreach (var (name, path) in ((string, string?)[])[("default", null), ("fast", world.Options.PathOf("fast"))])
            await world.Client.CreateAsync(StorageKinds.StoragePool, new StoragePool { Metadata = { Name = name }, Spec = { Path = path } }, Ct);
        var before = await world.MakeAsync("vol-1", _ => { });
        await ChooseAsync("fast");
        await world.MakeAsync("vol-2", _ => { });
        await world.MakeAsync("vol-3", v => v.PoolName = "default");
        foreach (var name in (string[])["vol-1", "vol-2", "vol-3"])
            await world.Agent.ReconcileAsync(StorageWorld.Key(name), Ct);
        Assert.Equal((null, "fast", "default"), (world.Volume("vol-1")!.Spec.PoolName, world.Volume("vol-2")!.Spec.PoolName, world.Volume("vol-3")!.Spec.PoolName));
        Assert.Equal(before.Status!.Path, world.Volume("vol-1")!.Status!.Path);
        Assert.Equal(world.Options.PathOf("fast", "vol-2.qcow2"), world.Volume("vol-2")!.Status!.Path);
        Assert.Equal(world.Options.PathOf("volumes", "vol-3.qcow2"), world.Volume("vol-3")!.Status!.Path);
        await ChooseAsync(null);
        Assert.Equal("fast", world.Volume("vol-2")!.Spec.PoolName);

        Task ChooseAsync(string? pool) => world.Client.ModifyAsync(StorageKinds.StoragePool, StorageKinds.StoragePool.Key("", "default"), p => { p.Spec.DefaultPool = pool; return true; }, Ct);
    }

    [Fact]
    public async Task Only_the_pool_default_names_another_in_its_place()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await Assert.ThrowsAsync<Core.Resources.ResourceException>(() =>
            world.Client.CreateAsync(StorageKinds.StoragePool, new StoragePool { Metadata = { Name = "fast" }, Spec = { DefaultPool = "other" } }, Ct));
        await Assert.ThrowsAsync<Core.Resources.ResourceException>(() =>
            world.Client.CreateAsync(StorageKinds.StoragePool, new StoragePool { Metadata = { Name = "default" }, Spec = { DefaultPool = "default" } }, Ct));
    }

    [Fact]
    public async Task A_root_volume_lies_on_its_image_and_has_the_size_asked_for()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 2 * GiB);
        var volume = await world.MakeAsync("vol-1", v =>
        {
            v.ImageId = "ami-1";
            v.SizeGib = 8;
            v.Attachment = new VolumeAttachment { InstanceId = "i-1", Device = "/dev/xvda" };
        });
        Assert.Equal("in-use", volume.Status!.State);
        var info = await InfoAsync(volume.Status.Path!);
        Assert.Equal((8 * GiB, "../images/ami-1.qcow2"), (info.VirtualSizeBytes, info.BackingFile));
    }

    [Fact]
    public async Task A_root_volume_smaller_than_its_image_is_an_error_that_says_the_size_needed()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 2 * GiB + 1);
        var volume = await world.MakeAsync("vol-1", v => v.ImageId = "ami-1");
        Assert.Equal("error", volume.Status!.State);
        Assert.Contains("which needs 3 GiB", volume.Status.Message!, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(world.Options.PathOf("volumes")));
    }

    [Fact]
    public async Task An_encrypted_volume_has_a_key_of_its_own_that_only_its_key_ring_opens()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync("vol-1", v => v.Encrypted = true);
        var other = await world.MakeAsync("vol-2", v => v.Encrypted = true);
        Assert.True(volume.Status!.State == "available", volume.Status.Message);
        Assert.NotEqual(volume.Status.Key!.Wrapped, other.Status!.Key!.Wrapped);
        var passphrase = world.Keys.Open("vol-1", volume.Status.Key)!;
        Assert.Equal(32, Convert.FromBase64String(passphrase.Reveal()).Length);
        Assert.DoesNotContain(passphrase.Reveal(), passphrase.ToString(), StringComparison.Ordinal);
        Assert.Throws<IOException>(() => world.Keys.Open("vol-2", volume.Status.Key));

        // Opening the disk and not only its header: the passphrase is the one it was made with.
        using var secret = SecretFile.Create(passphrase);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(secret.Path));
        var tool = new QemuImg(new CommandRunner(TimeProvider.System)) { SecretPath = secret.Path };
        await tool.ResizeAsync(volume.Status.Path!, DiskImageFormat.Qcow2, 2 * GiB, Ct);
        Assert.Equal(2 * GiB, (await InfoAsync(volume.Status.Path!)).VirtualSizeBytes);
        tool = new QemuImg(new CommandRunner(TimeProvider.System));
        await Assert.ThrowsAsync<CommandException>(() => tool.ResizeAsync(volume.Status.Path!, DiskImageFormat.Qcow2, 3 * GiB, Ct));
    }

    [Fact]
    public async Task An_encrypted_root_volume_lies_on_its_plain_image_and_grows()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 1 * GiB);
        var volume = await world.MakeAsync("vol-1", v => (v.ImageId, v.Encrypted) = ("ami-1", true));
        Assert.True(volume.Status!.State == "available", volume.Status.Message);
        Assert.Equal("../images/ami-1.qcow2", (await InfoAsync(volume.Status.Path!)).BackingFile);
        await world.Client.ModifyAsync(StorageKinds.Volume, StorageWorld.Key("vol-1"), v => { v.Spec.SizeGib = 3; return true; }, Ct);
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.Equal((3L, null), (world.Volume("vol-1")!.Status!.SizeGib, world.Volume("vol-1")!.Status!.Message));
        Assert.Equal(3 * GiB, (await InfoAsync(volume.Status.Path!)).VirtualSizeBytes);
    }

    [Fact]
    public async Task A_key_that_was_written_down_before_a_crash_is_the_one_that_is_used()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var key = world.Keys.Create("vol-1");
        await world.Files.MakeAsync("vol-1", 1, imageFileName: null, world.Keys.Open("vol-1", key), Ct);
        var lost = await world.MakeAsync("vol-1", v => v.Encrypted = true);
        Assert.Equal("error", lost.Status!.State);
        Assert.Contains("no longer in the volume's status", lost.Status.Message!, StringComparison.Ordinal);
        await world.Client.ModifyAsync(StorageKinds.Volume, StorageWorld.Key("vol-1"), v => { v.Status!.Key = key; return true; }, Ct);
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.Equal(("available", key), (world.Volume("vol-1")!.Status!.State, world.Volume("vol-1")!.Status!.Key));
    }

    [Fact]
    public async Task A_pool_that_does_not_exist_is_named()
    {
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync("vol-1", v => v.PoolName = "nowhere");
        Assert.Equal("error", volume.Status!.State);
        Assert.Contains("\"nowhere\" does not exist", volume.Status.Message!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_of_an_image_that_does_not_exist_is_an_error()
    {
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync("vol-1", v => v.ImageId = "ami-9");
        Assert.Equal("error", volume.Status!.State);
        Assert.Contains("ami-9 does not exist", volume.Status.Message!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_waits_for_an_image_that_is_still_being_made()
    {
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteAsync(StorageWorld.Images, """{"metadata":{"name":"ami-1","namespace":"default"},"spec":{},"status":{"state":"pending"}}""");
        var volume = await world.MakeAsync("vol-1", v => v.ImageId = "ami-1");
        Assert.Equal("creating", volume.Status!.State);
        var image = world.Client.View.Get(new Core.Resources.ResourceKey(StorageWorld.Images, "default", "ami-1"))!;
        Assert.Equal([StorageWorld.Key("vol-1")], world.Agent.Concerned(image, world.Client.View));
    }

    [Fact]
    public async Task A_deleted_volume_stays_while_an_instance_uses_it()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteInstanceAsync("i-1", "running");
        var volume = await world.MakeAsync("vol-1", v => v.Attachment = new VolumeAttachment { InstanceId = "i-1", Device = "/dev/sdf" });
        await world.Client.DeleteAsync(StorageWorld.Key("vol-1"), Ct);
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.True(File.Exists(volume.Status!.Path));

        await world.WriteInstanceAsync("i-1", "terminated");
        var instance = world.Client.View.Get(new Core.Resources.ResourceKey(StorageWorld.Instances, "default", "i-1"))!;
        Assert.Equal([StorageWorld.Key("vol-1")], world.Agent.Concerned(instance, world.Client.View));
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.False(File.Exists(volume.Status.Path));
        Assert.Null(world.Volume("vol-1"));
    }

    [Fact]
    public async Task Detaching_makes_a_volume_available_again()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.MakeAsync("vol-1", v => v.Attachment = new VolumeAttachment { InstanceId = "i-1", Device = "/dev/sdf" });
        await world.Client.ModifyAsync(StorageKinds.Volume, StorageWorld.Key("vol-1"), v => { v.Spec.Attachment = null; return true; }, Ct);
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.Equal("available", world.Volume("vol-1")!.Status!.State);
    }

    [Fact]
    public async Task A_crash_between_the_file_and_its_status_is_finished_by_the_next_daemon()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.Files.MakeAsync("vol-1", 1, imageFileName: null, passphrase: null, Ct);
        var volume = await world.MakeAsync("vol-1", _ => { });
        Assert.Equal("available", volume.Status!.State);
    }

    [Fact]
    public async Task Files_that_no_volume_explains_go_at_the_start_and_others_stay()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.MakeAsync("vol-1", _ => { });
        foreach (var name in new[] { "vol-2.qcow2", "vol-3.tmp", "vol-1.qcow2.backup", "notes.txt" })
            await File.WriteAllTextAsync(world.Options.PathOf("volumes", name), "x", Ct);
        await world.NewAgent().ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        var left = Directory.GetFiles(world.Options.PathOf("volumes")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);
        Assert.Equal(["notes.txt", "vol-1.qcow2", "vol-1.qcow2.backup"], left);
    }

    [Fact]
    public async Task A_volume_of_another_node_is_left_alone()
    {
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync("vol-1", v => v.NodeName = "elsewhere");
        Assert.Equal("creating", volume.Status!.State);
    }

    [Fact]
    public async Task A_simulated_volume_is_ready_at_once_and_touches_nothing()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        var volume = await world.MakeAsync("vol-1", v => v.ImageId = "ami-1");
        Assert.Equal("available", volume.Status!.State);
        Assert.Empty(Directory.GetFileSystemEntries(world.Options.DataDirectory));
        await world.Client.DeleteAsync(StorageWorld.Key("vol-1"), Ct);
        await world.Agent.ReconcileAsync(StorageWorld.Key("vol-1"), Ct);
        Assert.Null(world.Volume("vol-1"));
    }

    private static Task<QemuImgInfo> InfoAsync(string path) =>
        new QemuImg(new CommandRunner(TimeProvider.System)).InfoAsync(path, DiskImageFormat.Qcow2, Ct);
}
