using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Resources;

namespace Skep.Compute.Tests.Agent;

public sealed class InstanceAgentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Starts_a_machine_from_type_volume_and_interface()
    {
        await using var world = await AgentWorld.CreateAsync();
        await world.SettleAsync(world.NewAgent());
        var status = world.Instance!.Status!;
        Assert.Equal((InstanceState.Running, 4711, "tcg", "172.31.0.9"), (status.State, status.ProcessId, status.Acceleration, status.PrivateIpAddress));
        var config = world.Hypervisor.Config!;
        Assert.Equal((2, 1024L, new DiskSource.LocalFile("/volumes/v.qcow2", "qcow2"), "vpc", "tap"), (config.VCpus, config.MemoryMib, (DiskSource.LocalFile)config.Disks[0].Source, config.Nics[0].NetworkNamespace, config.Nics[0].DeviceName));
    }

    [Fact]
    public async Task Leaves_instances_of_other_nodes_alone()
    {
        await using var world = await AgentWorld.CreateAsync(i => i.Spec.NodeName = "elsewhere");
        await world.SettleAsync(world.NewAgent());
        Assert.Equal(InstanceState.Pending, world.State);
        Assert.Equal(0, world.Hypervisor.Starts);
    }

    [Fact]
    public async Task Waits_for_the_volume_and_gives_up_after_the_deadline()
    {
        await using var world = await AgentWorld.CreateAsync();
        await SetVolumeAsync(world, v => v.Status = new() { State = "creating" });
        var agent = world.NewAgent();
        Assert.Equal(TimeSpan.FromMinutes(10), await world.SettleAsync(agent));
        Assert.Equal(InstanceState.Pending, world.State);
        world.Clock.Advance(TimeSpan.FromMinutes(10));
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Equal("Server.InternalError: waited 10 minutes for volume vol-0123456789abcdef0 (creating)", world.Instance!.Status!.StateReason!.Message);
    }

    [Fact]
    public async Task A_failed_volume_terminates_the_launch_with_its_message()
    {
        await using var world = await AgentWorld.CreateAsync();
        await SetVolumeAsync(world, v => v.Status = new() { State = "error", Message = "no space left on device" });
        await world.SettleAsync(world.NewAgent());
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Equal("Server.InternalError: volume vol-0123456789abcdef0 failed: no space left on device", world.Instance!.Status!.StateReason!.Message);
    }

    [Fact]
    public async Task A_launch_that_fails_is_terminated_and_leaves_nothing()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Hypervisor.StartFailure = "QEMU exited with code 1: no";
        await world.SettleAsync(world.NewAgent());
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Equal(("Server.InternalError", "Server.InternalError: QEMU exited with code 1: no"), (world.Instance!.Status!.StateReason!.Code, world.Instance.Status.StateReason.Message));
        Assert.Null(world.Volume);
        Assert.Null(world.Nic);
    }

    [Fact]
    public async Task A_later_start_that_fails_stops_the_instance_and_keeps_its_disk()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Stopped);
        await world.SettleAsync(agent);
        world.Hypervisor.StartFailure = "no";
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Running);
        await world.SettleAsync(agent);
        Assert.Equal((InstanceState.Stopped, InstanceRunState.Stopped), (world.State, world.Instance!.Spec.RunState));
        Assert.Equal("Server.InternalError: no", world.Instance.Status!.StateReason!.Message);
        Assert.NotNull(world.Volume);
    }

    [Fact]
    public async Task Memory_is_never_given_out_twice()
    {
        await using var world = await AgentWorld.CreateAsync();
        await world.SettleAsync(world.NewAgent(allocatableMib: 1123));
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Equal(
            "Server.InsufficientInstanceCapacity: t3.micro needs 1124 MiB of memory here and 1123 MiB are free",
            world.Instance!.Status!.StateReason!.Message);
    }

    [Fact]
    public async Task Stops_by_the_power_button_and_says_who_wanted_it()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Stopped);
        await world.SettleAsync(agent);
        var status = world.Instance!.Status!;
        Assert.Equal((InstanceState.Stopped, 1, (int?)null), (status.State, world.Hypervisor.PowerButtonPresses, status.ProcessId));
        Assert.Equal(("Client.UserInitiatedShutdown", "User initiated (2026-01-02 03:04:05 GMT)"), (status.StateReason!.Code, status.StateTransitionReason));
        Assert.NotNull(world.Volume);
    }

    [Fact]
    public async Task A_guest_that_ignores_the_power_button_is_asked_again_and_ended_at_the_deadline()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Hypervisor.IsObedient = false;
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Stopped);
        Assert.Equal(TimeSpan.FromSeconds(5), await world.SettleAsync(agent));
        Assert.Equal(InstanceState.Stopping, world.State);
        world.Clock.Advance(TimeSpan.FromSeconds(5));
        await world.SettleAsync(agent);
        Assert.Equal((2, InstanceState.Stopping), (world.Hypervisor.PowerButtonPresses, world.State));
        world.Clock.Advance(TimeSpan.FromSeconds(55));
        await world.SettleAsync(agent);
        Assert.Equal((InstanceState.Stopped, MachinePhase.Absent), (world.State, world.Hypervisor.Phase));
    }

    [Fact]
    public async Task A_start_asked_for_while_stopping_follows_the_stop()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Hypervisor.IsObedient = false;
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Stopped);
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Running);
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Stopping, world.State);
        world.Hypervisor.Phase = MachinePhase.ShutDown;
        await world.SettleAsync(agent);
        Assert.Equal((InstanceState.Running, 2), (world.State, world.Hypervisor.Starts));
    }

    [Theory]
    [InlineData("stop", InstanceState.Stopped)]
    [InlineData("terminate", InstanceState.Terminated)]
    public async Task A_shutdown_from_inside_does_what_the_instance_says(string behavior, string expected)
    {
        await using var world = await AgentWorld.CreateAsync(i => i.Spec.InstanceInitiatedShutdownBehavior = behavior);
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        world.Hypervisor.Phase = MachinePhase.ShutDown;
        await world.SettleAsync(agent);
        Assert.Equal(expected, world.State);
        Assert.Equal("Client.InstanceInitiatedShutdown", world.Instance!.Status!.StateReason!.Code);
        Assert.Equal(behavior == "stop", world.Volume is not null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reboot_is_graceful_first_and_a_reset_after_the_deadline(bool isObedient)
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Hypervisor.IsObedient = isObedient;
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.Reboots = 2);
        await world.SettleAsync(agent);
        world.Clock.Advance(TimeSpan.FromSeconds(60));
        await world.SettleAsync(agent);
        Assert.Equal((InstanceState.Running, 2L, 1, 1), (world.State, world.Instance!.Status!.Reboots, world.Hypervisor.Resets, world.Hypervisor.Starts));
    }

    [Fact]
    public async Task A_crash_stops_the_instance_with_the_reason_and_does_not_start_it_again()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        (world.Hypervisor.Phase, world.Hypervisor.Message) = (MachinePhase.Absent, "QEMU was ended by signal 11");
        await world.SettleAsync(agent);
        Assert.Equal((InstanceState.Stopped, 1), (world.State, world.Hypervisor.Starts));
        Assert.Equal("Server.InternalError: QEMU was ended by signal 11", world.Instance!.Status!.StateReason!.Message);
    }

    [Fact]
    public async Task Running_instances_are_started_again_after_a_restart_of_the_host()
    {
        await using var world = await AgentWorld.CreateAsync();
        await world.SettleAsync(world.NewAgent());
        (world.Hypervisor.Phase, world.Hypervisor.WasHostRestarted) = (MachinePhase.Absent, true);
        await world.SettleAsync(world.NewAgent());
        Assert.Equal((InstanceState.Running, 2), (world.State, world.Hypervisor.Starts));
    }

    [Fact]
    public async Task A_machine_paused_by_its_disk_goes_on()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        world.Hypervisor.Phase = MachinePhase.Paused;
        await world.SettleAsync(agent);
        Assert.Equal((MachinePhase.Running, InstanceState.Running), (world.Hypervisor.Phase, world.State));
    }

    [Fact]
    public async Task Termination_deletes_what_ends_with_the_instance_and_detaches_the_rest()
    {
        await using var world = await AgentWorld.CreateAsync(i => i.Spec.BlockDevices[0].DeleteOnTermination = false);
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Terminated);
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Equal(world.Clock.GetUtcNow(), world.Instance!.Status!.TerminatedTime);
        Assert.Equal((MachinePhase.Absent, false), (world.Hypervisor.Phase, world.Hypervisor.HasFiles));
        Assert.Null(world.Nic);
        Assert.Null(world.Volume!.Spec.Attachment);
    }

    [Fact]
    public async Task A_deleted_instance_ends_and_is_gone_at_once()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await world.Client.DeleteAsync(AgentWorld.Key, Ct);
        await world.SettleAsync(agent);
        Assert.Null(world.Instance);
        Assert.Null(world.Volume);
        Assert.False(world.Hypervisor.HasFiles);
    }

    [Fact]
    public async Task A_terminated_instance_is_removed_after_an_hour()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        var reaper = new InstanceReaper(world.Client);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Terminated);
        await world.SettleAsync(agent);
        Assert.Equal(TimeSpan.FromHours(1), await reaper.ReconcileAsync(AgentWorld.Key, Ct));
        world.Clock.Advance(TimeSpan.FromHours(1));
        await reaper.ReconcileAsync(AgentWorld.Key, Ct);
        await world.SettleAsync(agent);
        Assert.Null(world.Instance);
    }

    [Fact]
    public async Task An_instance_that_no_node_got_ends_without_an_agent()
    {
        await using var world = await AgentWorld.CreateAsync(i => i.Spec.NodeName = null);
        await world.Client.DeleteAsync(AgentWorld.Key, Ct);
        await new InstanceReaper(world.Client).ReconcileAsync(AgentWorld.Key, Ct);
        Assert.Null(world.Instance);
        Assert.Null(world.Volume);
    }

    /// <summary>
    /// The daemon ends before or after every single thing it does on the host, once; the next daemon brings the
    /// instance to the same end and leaves nothing.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_daemon_killed_at_any_step_leaves_nothing_behind(bool afterTheWork)
    {
        for (var step = 0; ; step++)
        {
            await using var world = await AgentWorld.CreateAsync();
            (world.Hypervisor.FailAfterCalls, world.Hypervisor.FailsAfterTheWork) = (step, afterTheWork);
            var wasKilled = await LiveThroughAsync(world, InstanceRunState.Running);
            Assert.Equal((InstanceState.Running, MachinePhase.Running, 1), (world.State, world.Hypervisor.Phase, world.Hypervisor.Starts));
            wasKilled |= await LiveThroughAsync(world, InstanceRunState.Stopped);
            Assert.Equal((InstanceState.Stopped, MachinePhase.Absent), (world.State, world.Hypervisor.Phase));
            wasKilled |= await LiveThroughAsync(world, InstanceRunState.Terminated);
            Assert.Equal((InstanceState.Terminated, MachinePhase.Absent, false), (world.State, world.Hypervisor.Phase, world.Hypervisor.HasFiles));
            Assert.Null(world.Volume);
            Assert.Null(world.Nic);
            if (!wasKilled)
                break;
        }
    }

    private static async Task<bool> LiveThroughAsync(AgentWorld world, string runState)
    {
        await world.ChangeAsync(i => i.Spec.RunState = runState);
        try
        {
            await world.SettleAsync(world.NewAgent());
            return false;
        }
        catch (DaemonKilledException)
        {
            await world.SettleAsync(world.NewAgent());
            return true;
        }
    }

    private static Task SetVolumeAsync(AgentWorld world, Action<Storage.Kinds.Volume> change) => world.Client.ModifyAsync(
        Storage.Kinds.StorageKinds.Volume,
        Storage.Kinds.StorageKinds.Volume.Key("default", AgentWorld.VolumeId),
        v => { change(v); return true; },
        Ct);
}
