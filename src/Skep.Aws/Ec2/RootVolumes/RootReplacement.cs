using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using InstanceStates = Skep.Compute.Kinds.InstanceState;
using Phases = Skep.Aws.Kinds.ReplaceRootVolumePhase;
using States = Skep.Aws.Kinds.ReplaceRootVolumeTaskStates;

namespace Skep.Aws.Ec2.RootVolumes;

/// <summary>One look at one task: adds what can be done now to a transaction.</summary>
internal sealed class RootReplacement
{
    /// <summary>State reasons that are no user's wish begin with it: a machine that did not start.</summary>
    private const string ServerReasons = "Server.";

    private readonly ResourceTransaction _transaction;
    private readonly string _namespace;
    private readonly ReplaceRootVolumeTaskResource _task;
    private readonly ReplaceRootVolumeTaskStatus _status;
    private readonly DateTimeOffset _now;
    private readonly InstanceResource? _instance;
    private readonly VolumeResource? _old;
    private readonly VolumeResource? _new;

    /// <summary>Reads what belongs to a task.</summary>
    public RootReplacement(ResourceTransaction transaction, string ns, ReplaceRootVolumeTaskResource task, DateTimeOffset now)
    {
        (_transaction, _namespace, _task, _now) = (transaction, ns, task, now);
        _status = task.Status ??= new ReplaceRootVolumeTaskStatus { StartTime = now };
        _instance = Read(ComputeKinds.Instance, task.Spec.InstanceId) is { Spec.RunState: not InstanceRunState.Terminated } instance ? instance : null;
        _old = Read(StorageKinds.Volume, task.Spec.OldVolumeId);
        _new = Read(StorageKinds.Volume, task.Spec.NewVolumeId);
    }

    /// <summary>Does what can be done now.</summary>
    public void Step()
    {
        switch (_status)
        {
            case { State: States.Pending }:
                StopOnceMade();
                break;
            case { State: States.InProgress, Phase: Phases.Stopping }:
                ExchangeOnceStopped();
                break;
            case { State: States.InProgress }:
                FinishOnceStarted();
                break;
            default:
                EndOnceRestored();
                break;
        }
    }

    private void StopOnceMade()
    {
        if (Problem() is { } problem)
        {
            Fail(problem);
            return;
        }

        if (_new!.Status?.State is not VolumeState.Available)
            return;
        Run(InstanceRunState.Stopped);
        Set(States.InProgress, Phases.Stopping);
    }

    private void ExchangeOnceStopped()
    {
        if (_instance is { Spec.RunState: InstanceRunState.Running })
        {
            Fail($"instance {_task.Spec.InstanceId} was started again before its root volume was replaced");
            return;
        }

        if (Problem() is { } problem)
        {
            Run(InstanceRunState.Running);
            Fail(problem);
            return;
        }

        if (_instance!.Status?.State != InstanceStates.Stopped)
            return;
        Exchange(_old!, _new!);
        Run(InstanceRunState.Running);
        Set(States.InProgress, Phases.Starting);
    }

    private void FinishOnceStarted()
    {
        if (_instance is null)
        {
            Set(States.FailedDetached, phase: null, $"instance {_task.Spec.InstanceId} was terminated before it ran with its new root volume");
            return;
        }

        var isStopped = _instance is { Spec.RunState: InstanceRunState.Stopped, Status.State: InstanceStates.Stopped };
        var reason = _instance.Status?.StateReason;
        if (isStopped && reason?.Code.StartsWith(ServerReasons, StringComparison.Ordinal) is true)
        {
            Restore($"the instance did not start with the new root volume: {reason.Message}");
        }
        else if (isStopped || _instance.Status?.State == InstanceStates.Running)
        {
            // Somebody who stops it meanwhile has it with its new root all the same.
            if (_task.Spec.DeleteReplacedRootVolume && _old is { Spec.Attachment: null })
                _transaction.Delete(KeyOf(_old), DeleteOptions.Background);
            Set(States.Succeeded, phase: null);
        }
    }

    /// <summary>Puts the old volume back, if it is still there and free.</summary>
    private void Restore(string why)
    {
        if (_old is not { Spec.Attachment: null } || _new is null)
        {
            Set(States.FailedDetached, phase: null, $"{why}; volume {_task.Spec.OldVolumeId} {(_old is null ? "was deleted" : "is attached elsewhere")} meanwhile");
            return;
        }

        Exchange(_new, _old);
        Run(InstanceRunState.Running);
        Set(States.Failing, phase: null, why);
    }

    private void EndOnceRestored()
    {
        if (_instance?.Status?.State is InstanceStates.Running || _instance is null or { Spec.RunState: not InstanceRunState.Running })
            Fail(_status.Message ?? "");
    }

    /// <summary>What keeps the task from going on; null for nothing.</summary>
    private string? Problem()
    {
        if (_instance is null)
            return $"instance {_task.Spec.InstanceId} was terminated";
        if (RootOf(_instance)?.VolumeId != _task.Spec.OldVolumeId || _old is null)
            return $"volume {_task.Spec.OldVolumeId} is not the root volume of {_task.Spec.InstanceId} any more";
        if (_new is null)
            return $"the new volume {_task.Spec.NewVolumeId} was deleted";
        if (_new.Spec.Attachment is { } other)
            return $"the new volume {_task.Spec.NewVolumeId} was attached to {other.InstanceId}";
        return _new.Status?.State == VolumeState.Error ? $"the new volume {_task.Spec.NewVolumeId} could not be made: {_new.Status.Message}" : null;
    }

    /// <summary>One volume takes the place of another in a stopped instance: as the same device, with the same end.</summary>
    private void Exchange(VolumeResource leaving, VolumeResource coming)
    {
        var device = RootOf(_instance!)!;
        device.VolumeId = coming.Metadata.Name;
        coming.Spec.Attachment = new VolumeAttachment
        {
            InstanceId = _task.Spec.InstanceId,
            Device = device.DeviceName,
            AttachTime = _now,
            DeleteOnTermination = device.DeleteOnTermination,
        };
        leaving.Spec.Attachment = null;
        (coming.Status ??= new VolumeStatus()).State = VolumeState.InUse;
        (leaving.Status ??= new VolumeStatus()).State = VolumeState.Available;
        _transaction.Update(StorageKinds.Volume, coming, WriteScope.All);
        _transaction.Update(StorageKinds.Volume, leaving, WriteScope.All);
    }

    /// <summary>Also writes what <see cref="Exchange"/> has changed of the instance.</summary>
    private void Run(string state)
    {
        if (_instance is null)
            return;
        _instance.Spec.RunState = state;
        _transaction.Update(ComputeKinds.Instance, _instance, WriteScope.Main);
    }

    /// <summary>The old volume is the root; the new one, which nobody has asked for by itself, goes.</summary>
    private void Fail(string why)
    {
        if (_new is { Spec.Attachment: null })
            _transaction.Delete(KeyOf(_new), DeleteOptions.Background);
        Set(States.Failed, phase: null, why);
    }

    private void Set(string state, string? phase, string? message = null)
    {
        (_status.State, _status.Phase, _status.Message) = (state, phase, message);
        if (States.IsFinal(state))
            _status.CompleteTime = _now;
        _transaction.Update(AwsKinds.ReplaceRootVolumeTask, _task, WriteScope.Status);
    }

    private static InstanceBlockDevice? RootOf(InstanceResource instance) => instance.Spec.BlockDevices.Find(d => d.DeviceName == instance.Spec.RootDeviceName);

    private ResourceKey KeyOf(VolumeResource volume) => StorageKinds.Volume.Key(_namespace, volume.Metadata.Name);

    /// <summary>A copy that may be changed; null when it does not exist or is about to go.</summary>
    private T? Read<T>(Kind<T> kind, string name)
        where T : ResourceObject =>
        _transaction.View.Get(kind.Key(_namespace, name)) is { Metadata.DeletionTimestamp: null } found ? kind.Decode(found) : null;
}
