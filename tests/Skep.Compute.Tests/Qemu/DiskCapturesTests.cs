using System.Text.Json;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Compute.Qmp;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Testing;

namespace Skep.Compute.Tests.Qemu;

public sealed class DiskCapturesTests : IDisposable
{
    private const string Job = "cap-snap-1";
    private static readonly DiskCaptureRequest _request = new(ComputeKinds.Instance.Key("default", "i-1"), "vol-1", "snap-1", Since: null);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("skep-captures-");
    private readonly TestClock _time = new();
    private readonly List<string> _commands = [];
    private string? _status = "running";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("running")]
    [InlineData("concluded")]
    public async Task A_capture_is_ended_however_far_its_copy_had_come(string status)
    {
        _status = status;
        await Captures(cancel: () => _status = "concluded").EndAsync(_request, isKept: false, Ct);
        Assert.Null(_status);
        Assert.Equal(status == "running" ? ["block-job-cancel", "job-dismiss"] : ["job-dismiss"], _commands);
    }

    [Fact]
    public async Task A_copy_that_ends_while_it_is_being_cancelled_is_ended_all_the_same()
    {
        await Captures(cancel: () =>
        {
            _status = "concluded";
            throw new QmpException(QmpFailure.Refused, $"Job '{Job}' in state 'concluded' cannot accept command verb 'cancel'");
        }).EndAsync(_request, isKept: false, Ct);
        Assert.Null(_status);
        Assert.Equal(["block-job-cancel", "job-dismiss"], _commands);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_cancelled_is_named()
    {
        var ending = Captures(cancel: () => throw new QmpException(QmpFailure.Refused, "no")).EndAsync(_request, isKept: false, Ct);
        while (!ending.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var exception = await Assert.ThrowsAsync<QmpException>(() => ending);
        Assert.Contains(Job, exception.Message, StringComparison.Ordinal);
        Assert.Equal("running", _status);
    }

    [Fact]
    public async Task A_monitor_that_is_lost_is_no_copy_that_has_ended()
    {
        var ending = Captures(cancel: () => throw new QmpException(QmpFailure.Disconnected, "gone")).EndAsync(_request, isKept: false, Ct);
        Assert.Equal(QmpFailure.Disconnected, (await Assert.ThrowsAsync<QmpException>(() => ending)).Failure);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private DiskCaptures Captures(Action cancel) =>
        new((command, _, _) => Task.FromResult(Execute(command, cancel)), new CaptureFiles(_directory.FullName, new CommandRunner(_time), user: null), new NoKeys(), NeverFreeze, _time);

    private JsonElement Execute(string command, Action cancel)
    {
        if (!command.StartsWith("query", StringComparison.Ordinal))
            _commands.Add(command);
        switch (command)
        {
            case "block-job-cancel":
                cancel();
                break;
            case "job-dismiss":
                _status = null;
                break;
        }

        return JsonElement.Parse(command == "query-jobs" && _status is { } status ? $$"""[{"id": "{{Job}}", "status": "{{status}}"}]""" : "[]");
    }

    private static Task<GuestStillness> NeverFreeze(Func<Task> step, CancellationToken ct) => throw new InvalidOperationException("nothing is begun here");

    private sealed class NoKeys : IVolumeKeys
    {
        public DiskPassphrase? Open(string volumeId, DiskKey? key) => null;
    }
}
