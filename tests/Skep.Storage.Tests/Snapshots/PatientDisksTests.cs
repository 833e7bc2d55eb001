using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Storage.Snapshots;
using Skep.Testing;

namespace Skep.Storage.Tests.Snapshots;

public sealed class PatientDisksTests
{
    private static readonly DiskCaptureRequest _request = new(new ResourceKey(InstanceView.Resource, "default", "i-1"), "vol-1", "snap-1", Since: null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_that_does_not_answer_is_asked_again()
    {
        var machines = new SilentMachines { SilentFor = 3 };
        var progress = await SettleAsync(machines, disks => disks.FollowCaptureAsync(_request, Ct));
        Assert.Equal(("/copy", 4), (progress!.Path, machines.Calls.Count));
    }

    [Fact]
    public async Task What_a_silent_machine_may_have_begun_is_ended_before_it_is_begun_again()
    {
        var machines = new SilentMachines { SilentFor = 1 };
        Assert.NotNull(await SettleAsync(machines, disks => disks.BeginCapturesAsync([_request], Ct)));
        Assert.Equal(["begin", "end False", "begin"], machines.Calls);
    }

    [Fact]
    public async Task A_machine_that_stays_silent_is_given_up_and_one_that_refuses_at_once()
    {
        var silent = new SilentMachines { SilentFor = int.MaxValue };
        Assert.True((await Assert.ThrowsAsync<MachineDiskException>(() => SettleAsync(silent, disks => disks.FollowCaptureAsync(_request, Ct)))).IsTransient);
        Assert.Equal(PatientDisks.AttemptsMax, silent.Calls.Count);
        var refusing = new SilentMachines { SilentFor = 1, Refuses = true };
        await Assert.ThrowsAsync<MachineDiskException>(() => SettleAsync(refusing, disks => disks.BeginCapturesAsync([_request], Ct)));
        Assert.Equal(["begin"], refusing.Calls);
    }

    private static async Task<T> SettleAsync<T>(IMachineDisks machines, Func<PatientDisks, Task<T>> ask)
    {
        var clock = new TestClock();
        var asked = ask(new PatientDisks(machines, clock));
        while (!asked.IsCompleted)
        {
            if (clock.TimersWaiting > 0)
                clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await asked;
    }

    /// <summary>Machines whose monitors do not answer the first questions, or refuse them.</summary>
    private sealed class SilentMachines : IMachineDisks
    {
        public int SilentFor { get; set; }
        public bool Refuses { get; init; }
        public List<string> Calls { get; } = [];

        public Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct) =>
            Answer<IReadOnlyList<DiskCapture>?>("begin", [new DiskCapture(IsNew: true, HasOnlyChanges: false, Stillness: null)]);

        public Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct) => Answer<DiskCaptureProgress?>("follow", new DiskCaptureProgress("/copy", 1, 1));

        public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) => Answer($"end {isKept}", 0);

        public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) => Answer<GuestStillness?>("still", null);

        public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) => Answer<DiskHydration?>("hydrate", null);

        private Task<T> Answer<T>(string call, T answer)
        {
            Calls.Add(call);
            return SilentFor-- > 0
                ? Task.FromException<T>(new MachineDiskException("machine of i-1: no answer", new TimeoutException()) { IsTransient = !Refuses })
                : Task.FromResult(answer);
        }
    }
}
