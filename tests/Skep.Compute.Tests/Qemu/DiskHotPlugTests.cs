using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Machines;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Tests.Qemu;

public sealed class DiskHotPlugTests
{
    private const string A = "vol-0000000000000000a";
    private const string B = "vol-0000000000000000b";
    private const long GiB = 1L << 30;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plugs_disks_into_ports_of_their_own()
    {
        var qemu = new FakeQemu();
        var disks = await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A), Disk(B)] });
        Assert.Equal([(A, DiskPhase.Attached), (B, DiskPhase.Attached)], disks.Select(d => (d.VolumeId, d.Phase)));
        Assert.Equal([A, B], qemu.Disks);
        Assert.Equal(2, qemu.Devices.Values.Select(d => d.Port).Distinct().Count());
        Assert.Equal(["object-add", "blockdev-add", "device_add", "object-add", "blockdev-add", "device_add"], qemu.Commands);
    }

    [Fact]
    public async Task The_key_of_an_encrypted_disk_comes_before_it_and_goes_with_it()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Encrypted(A), Disk(B)] });
        Assert.Equal([A, B], qemu.Disks);
        Assert.Equal("sesame", Assert.Single(qemu.Secrets).Value);
        Assert.Equal(["object-add", "object-add", "blockdev-add", "device_add", "object-add", "blockdev-add", "device_add"], qemu.Commands);
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(B)], Leaving = new HashSet<string> { A } });
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(B)] }); // what the guest has let go of is cleared away
        Assert.Empty(qemu.Secrets);
        Assert.Equal([B], qemu.Disks);
    }

    [Fact]
    public async Task Does_nothing_when_all_is_as_it_should_be()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] });
        qemu.Commands.Clear();
        Assert.Equal(DiskPhase.Attached, Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] })).Phase);
        Assert.Equal(DiskPhase.Attached, Assert.Single(await AlignAsync(qemu, new DiskPlan { Kept = new HashSet<string> { A } })).Phase);
        Assert.Empty(qemu.Commands);
    }

    [Fact]
    public async Task Grows_and_limits_a_disk_in_place()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] });
        qemu.Commands.Clear();
        var larger = Disk(A) with { SizeBytes = 3 * GiB, Limits = new DiskLimits { Iops = 4_000, BytesPerSecond = 1 << 20 } };
        Assert.Equal(3 * GiB, Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [larger] })).SizeBytes);
        Assert.Equal(["qom-set", "block_resize"], qemu.Commands);
        Assert.Equal(3 * GiB, qemu.Sizes[A]);
        Assert.Equal((4_000, 1 << 20), ((int)qemu.Groups[$"limits-{A}"]["iops-total"]!, (int)qemu.Groups[$"limits-{A}"]["bps-total"]!));
    }

    [Fact]
    public async Task A_served_disk_grows_by_another_connection_to_its_server_again_and_again()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Served(A)] });
        for (var gib = 2; gib <= 4; gib++)
        {
            qemu.Commands.Clear();
            qemu.FileSizeBytes = gib * GiB;
            var disk = Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Served(A) with { SizeBytes = gib * GiB }] }));
            Assert.Equal((gib * GiB, null), (disk.SizeBytes, disk.Problem));
            Assert.Equal(gib * GiB, qemu.Sizes[A]);
            Assert.Equal(["blockdev-del", "blockdev-add", "blockdev-reopen", "block_resize", "blockdev-del"], qemu.Commands); // the first is refused
            Assert.Equal($"{A}-{(gib % 2 == 0 ? "grown" : "file")}", (string?)qemu.Nodes[$"{A}-format"]["file"]);
            Assert.Equal(3, qemu.Nodes.Count);
        }

        await AlignAsync(qemu, new DiskPlan { Leaving = new HashSet<string> { A } });
        await AlignAsync(qemu, new DiskPlan());
        Assert.Empty(qemu.Nodes);
    }

    [Fact]
    public async Task A_served_disk_does_not_grow_beyond_its_server()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Served(A)] });
        var disk = Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Served(A) with { SizeBytes = 2 * GiB }] }));
        Assert.Contains("the server of", disk.Problem, StringComparison.Ordinal);
        Assert.Equal((DiskPhase.Attached, GiB), (disk.Phase, disk.SizeBytes));
        Assert.Equal(3, qemu.Nodes.Count);
    }

    /// <summary>QEMU 7.2 would end when a connection that goes with the node above it is taken out.</summary>
    [Fact]
    public async Task A_served_disk_of_a_machine_that_an_older_program_started_does_not_grow_before_its_next_start()
    {
        var qemu = new FakeQemu();
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] }); // one chain, as it was for all
        qemu.FileSizeBytes = 2 * GiB;
        var disk = Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Served(A) with { SizeBytes = 2 * GiB }] }));
        Assert.Contains("older program", disk.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("blockdev-reopen", qemu.Commands);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_death_while_a_served_disk_grows_is_made_good_by_the_next_daemon(bool afterTheWork)
    {
        var deaths = 0;
        for (var dies = 0; ; dies++)
        {
            var qemu = new FakeQemu { DiesAfter = dies, DiesAfterTheWork = afterTheWork };
            deaths += await AlignOverDeathAsync(qemu, new DiskPlan { Wanted = [Served(A)] });
            for (var gib = 2; gib <= 3; gib++)
            {
                qemu.FileSizeBytes = gib * GiB;
                var plan = new DiskPlan { Wanted = [Served(A) with { SizeBytes = gib * GiB }] };
                deaths += await AlignOverDeathAsync(qemu, plan);
                Assert.Equal(gib * GiB, qemu.Sizes[A]);
            }

            qemu.LetsGo = false;
            var forced = new DiskPlan { Leaving = new HashSet<string> { A }, Forced = new HashSet<string> { A } };
            deaths += await AlignOverDeathAsync(qemu, forced);
            deaths += await AlignOverDeathAsync(qemu, forced);
            Assert.DoesNotContain(qemu.Nodes.Keys, n => n.EndsWith("-file", StringComparison.Ordinal) || n.EndsWith("-grown", StringComparison.Ordinal));
            qemu.Release();
            deaths += await AlignOverDeathAsync(qemu, new DiskPlan());
            Assert.Empty(qemu.Nodes);
            if (qemu.DiesAfter >= 0)
                break;
        }

        Assert.True(deaths > 8, $"only {deaths} deaths");
    }

    [Fact]
    public async Task A_disk_leaves_when_the_guest_lets_go_and_not_before()
    {
        var qemu = new FakeQemu { LetsGo = false };
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A), Disk(B)] });
        var leaving = new DiskPlan { Wanted = [Disk(B)], Leaving = new HashSet<string> { A } };
        for (var round = 0; round < 3; round++)
            Assert.Contains(await AlignAsync(qemu, leaving), d => d is { VolumeId: A, Phase: DiskPhase.Leaving });
        Assert.Equal([A, B], qemu.Disks);
        qemu.Release();
        Assert.Equal([B], (await AlignAsync(qemu, leaving)).Select(d => d.VolumeId));
        Assert.Equal([B], qemu.Disks);
        Assert.DoesNotContain(qemu.Nodes.Keys.Concat(qemu.Groups.Keys), n => n.Contains(A, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Force_cuts_a_disk_off_from_its_file_and_the_dead_device_goes_later()
    {
        var qemu = new FakeQemu { LetsGo = false };
        await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] });
        var forced = new DiskPlan { Leaving = new HashSet<string> { A }, Forced = new HashSet<string> { A } };
        Assert.Empty(await AlignAsync(qemu, forced));
        Assert.DoesNotContain($"{A}-file", qemu.Nodes.Keys);
        Assert.Empty(await AlignAsync(qemu, new DiskPlan()));

        // It cannot come again while the guest holds the dead device.
        Assert.Equal(DiskPhase.Absent, Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] })).Phase);
        qemu.Release();
        Assert.Equal(DiskPhase.Attached, Assert.Single(await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A)] })).Phase);
        Assert.Contains($"{A}-file", qemu.Nodes.Keys);
        Assert.DoesNotContain($"{A}-cut", qemu.Nodes.Keys);
    }

    [Fact]
    public async Task Says_that_no_port_is_free()
    {
        var qemu = new FakeQemu { Ports = 1 };
        var disks = await AlignAsync(qemu, new DiskPlan { Wanted = [Disk(A), Disk(B)] });
        Assert.Contains("no free slot", disks.Single(d => d.VolumeId == B).Problem, StringComparison.Ordinal);
        Assert.Equal([A], qemu.Disks);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_death_at_any_command_is_made_good_by_the_next_daemon(bool afterTheWork)
    {
        DiskPlan[] plans =
        [
            new DiskPlan { Wanted = [Encrypted(A), Encrypted(B)] },
            new DiskPlan { Wanted = [Encrypted(A) with { SizeBytes = 2 * GiB, Limits = new DiskLimits { Iops = 100 } }], Leaving = new HashSet<string> { B } },
            new DiskPlan { Leaving = new HashSet<string> { A }, Forced = new HashSet<string> { A } },
        ];
        var deaths = 0;
        for (var dies = 0; ; dies++)
        {
            var qemu = new FakeQemu { DiesAfter = dies, DiesAfterTheWork = afterTheWork };
            foreach (var plan in plans)
            {
                qemu.LetsGo = plan.Forced.Count == 0;
                deaths += await AlignOverDeathAsync(qemu, plan);
                deaths += await AlignOverDeathAsync(qemu, plan); // what a guest has let go of is cleared away the next time
                Assert.Equal(plan.Wanted.Select(d => $"{d.VolumeId}-file"), qemu.Nodes.Keys.Where(n => n.EndsWith("-file", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
                Assert.All(plan.Wanted, d => Assert.True(qemu.Sizes[d.VolumeId] >= d.SizeBytes));
            }

            qemu.Release();
            deaths += await AlignOverDeathAsync(qemu, new DiskPlan());
            Assert.Empty(qemu.Nodes);
            Assert.Empty(qemu.Groups);
            Assert.Empty(qemu.Secrets);
            if (qemu.DiesAfter >= 0)
                break;
        }

        Assert.True(deaths > 8, $"only {deaths} deaths");
    }

    private static async Task<int> AlignOverDeathAsync(FakeQemu qemu, DiskPlan plan)
    {
        try
        {
            await AlignAsync(qemu, plan);
            return 0;
        }
        catch (OperationCanceledException)
        {
            await AlignAsync(qemu, plan);
            return 1;
        }
    }

    private static MachineDisk Disk(string volumeId) => new(volumeId, new DiskSource.LocalFile($"/volumes/{volumeId}.qcow2", "qcow2")) { SizeBytes = GiB };

    private static MachineDisk Served(string volumeId) => new(volumeId, new DiskSource.NetworkBlockDevice($"/servers/{volumeId}.sock", volumeId)) { SizeBytes = GiB };

    private static MachineDisk Encrypted(string volumeId) => Disk(volumeId) with { Key = new DiskKey { KeyId = "k", Wrapped = "AA==" } };

    private static Task<IReadOnlyList<DiskStatus>> AlignAsync(FakeQemu qemu, DiskPlan plan) =>
        new DiskHotPlug(qemu.ExecuteAsync, (_, _) => Task.FromResult(new DiskAccess("threads", IsDirect: false)), disk => disk.Key is null ? null : new DiskPassphrase("sesame")).AlignAsync(plan, Ct);
}
