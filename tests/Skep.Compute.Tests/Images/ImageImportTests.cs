using Skep.Compute.Images;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Tests.Images;

public sealed class ImageImportTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_becomes_an_image_with_its_facts()
    {
        RequireQemuImg();
        await using var world = await ImageWorld.CreateAsync();
        var file = await MakeDiskAsync(world, 3L << 20);
        var done = await world.ImportAsync(new() { Path = file }, "my-disk");
        Assert.Equal((ImageImportPhase.Succeeded, 100), (done.Status!.Phase, done.Status.Progress));
        var image = world.Image(done.Status.ImageId!);
        Assert.Equal(("my-disk", "available", 3L << 20), (image.Spec.Name, image.Status!.State, image.Spec.SizeBytes));
        Assert.Equal($"{image.Metadata.Name}.qcow2", image.Spec.FileName);
        Assert.Equal("us-east-1", image.Metadata.Labels!["topology.kubernetes.io/region"]);
        Assert.True(File.Exists(world.Store.PathOf(image.Spec.FileName!)));
        Assert.Equal(64, image.Spec.Sha256!.Length);
        Assert.Empty(world.Store.ListStaging());
    }

    [Fact]
    public async Task A_pending_image_is_filled_by_its_import()
    {
        RequireQemuImg();
        await using var world = await ImageWorld.CreateAsync();
        await world.Resources.Client.CreateAsync(ComputeKinds.Image, new Image
        {
            Metadata = { Name = "ami-1", Namespace = "default" }, Spec = new ImageSpec { Name = "from-api" }, Status = new ImageStatus(),
        }, Ct);
        await world.ImportAsync(new() { Path = await MakeDiskAsync(world, 1 << 20) }, "other", "ami-1");
        var image = world.Image("ami-1");
        Assert.Equal(("from-api", "available", "ami-1.qcow2"), (image.Spec.Name, image.Status!.State, image.Spec.FileName));
        Assert.Contains(Image.Finalizer, image.Metadata.Finalizers!);
    }

    [Fact]
    public async Task A_text_file_fails_in_words_and_leaves_nothing()
    {
        await using var world = await ImageWorld.CreateAsync();
        var file = Path.Combine(world.Options.DataDirectory, "notes.txt");
        await File.WriteAllTextAsync(file, "not a disk at all", Ct);
        await AssertFailsAsync(world, file, "notes.txt is not a disk");
    }

    [Fact]
    public async Task A_qcow2_on_top_of_a_secret_file_is_refused()
    {
        RequireQemuImg();
        await using var world = await ImageWorld.CreateAsync();
        var file = Path.Combine(world.Options.DataDirectory, "evil.qcow2");
        await new QemuImg(new CommandRunner(TimeProvider.System)).CreateOverlayAsync(file, "/etc/hostname", DiskImageFormat.Raw, 1 << 20, Ct);
        await AssertFailsAsync(world, file, "has a backing file (/etc/hostname)");
    }

    [Fact]
    public async Task A_damaged_qcow2_is_refused()
    {
        RequireQemuImg();
        await using var world = await ImageWorld.CreateAsync();
        var file = await MakeDiskAsync(world, 1 << 20);
        var bytes = await File.ReadAllBytesAsync(file, Ct);
        bytes[20] = 0xff;
        await File.WriteAllBytesAsync(file, bytes, Ct);
        await AssertFailsAsync(world, file, "corrupt qcow2 header: cluster_bits");
    }

    [Fact]
    public async Task A_file_that_does_not_exist_is_said_so()
    {
        await using var world = await ImageWorld.CreateAsync();
        await AssertFailsAsync(world, "/nowhere/disk.qcow2", "/nowhere/disk.qcow2 does not exist");
    }

    [Fact]
    public async Task A_failed_import_fails_the_pending_image()
    {
        await using var world = await ImageWorld.CreateAsync();
        await world.Resources.Client.CreateAsync(ComputeKinds.Image, new Image
        {
            Metadata = { Name = "ami-1", Namespace = "default" }, Spec = new ImageSpec { Name = "from-api" }, Status = new ImageStatus(),
        }, Ct);
        await world.ImportAsync(new() { Path = "/nowhere" }, "other", "ami-1");
        Assert.Equal("failed", world.Image("ami-1").Status!.State);
        Assert.Contains("does not exist", world.Image("ami-1").Status!.StateReason!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_import_is_cancelled_and_its_working_directory_goes()
    {
        await using var world = await ImageWorld.CreateAsync();
        var key = await world.BeginAsync(new() { Build = "tiny" }, "endless");
        var directory = await world.Builder.Started.WaitAsync(Ct);
        await world.Resources.Client.DeleteAsync(key, Ct);
        await world.Imports.ReconcileAsync(key, Ct);
        Assert.True(world.Builder.IsCancelled);
        Assert.False(Directory.Exists(directory));
        Assert.Empty(world.Store.ListStaging());
        Assert.Empty(world.Resources.Client.View.List(ComputeKinds.Image, ns: null));
    }

    [Fact]
    public async Task A_daemon_that_ends_leaves_the_import_to_the_next_one()
    {
        await using var world = await ImageWorld.CreateAsync();
        var key = await world.BeginAsync(new() { Build = "tiny" }, "endless");
        await world.Builder.Started.WaitAsync(Ct);
        await world.Imports.DisposeAsync();
        var import = world.Resources.Client.View.Get(key)!.View(ComputeKinds.ImageImport);
        Assert.Equal(ImageImportPhase.Running, import.Status!.Phase);
    }

    [Fact]
    public async Task A_finished_import_is_removed_after_an_hour()
    {
        await using var world = await ImageWorld.CreateAsync(isSimulated: true);
        var done = await world.ImportAsync(new() { Build = "tiny" }, name: null);
        var key = ComputeKinds.ImageImport.Key("default", done.Metadata.Name);
        Assert.Equal(TimeSpan.FromHours(1), await world.Imports.ReconcileAsync(key, Ct));
        world.Resources.Clock.Advance(TimeSpan.FromHours(1));
        await world.Imports.ReconcileAsync(key, Ct);
        Assert.Null(world.Resources.Client.View.Get(key));
        Assert.Equal("tiny", world.Image(done.Status!.ImageId!).Spec.Name);
    }

    [Theory]
    [InlineData(null, null, null, null, "exactly one")]
    [InlineData("tiny", null, "/a", null, "exactly one")]
    [InlineData("beos", null, null, null, "\"beos\" cannot be built")]
    [InlineData(null, "plan9", null, null, "\"plan9\" is not in the catalog")]
    [InlineData(null, null, "relative", "name", "not an absolute path")]
    [InlineData(null, null, "/a", null, "a name is required")]
    [InlineData("tiny", null, null, "ab", "3 to 128 characters")]
    public async Task A_source_that_makes_no_sense_is_refused(string? build, string? catalog, string? path, string? name, string said)
    {
        await using var world = await ImageWorld.CreateAsync();
        var ex = await Assert.ThrowsAsync<ResourceException>(() => world.BeginAsync(new() { Build = build, Catalog = catalog, Path = path }, name));
        Assert.Contains(said, ex.Message, StringComparison.Ordinal);
    }

    private static async Task AssertFailsAsync(ImageWorld world, string file, string said)
    {
        var done = await world.ImportAsync(new() { Path = file }, "name");
        Assert.Equal(ImageImportPhase.Failed, done.Status!.Phase);
        Assert.Contains(said, done.Status.Message!, StringComparison.Ordinal);
        Assert.Empty(world.Store.ListFiles());
    }

    private static async Task<string> MakeDiskAsync(ImageWorld world, long sizeBytes)
    {
        var file = Path.Combine(world.Options.DataDirectory, "disk.qcow2");
        await new QemuImg(new CommandRunner(TimeProvider.System)).CreateAsync(file, DiskImageFormat.Qcow2, sizeBytes, Ct);
        return file;
    }

    private static void RequireQemuImg() => Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed");
}
