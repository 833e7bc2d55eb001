using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Skep.Core.Machines;
using Skep.Core.Resources;

namespace Skep.Compute.Qemu;

public sealed partial class QemuHypervisor
{
    /// <summary>Guests that this daemon holds at this time.</summary>
    private readonly ConcurrentDictionary<ResourceKey, bool> _holding = new();

    /// <summary>
    /// Freezes the guest's file systems around a step, if its agent answers. A daemon that ends meanwhile leaves the thawing to
    /// the next one.
    /// </summary>
    private async Task<GuestStillness> FreezeAroundAsync(ResourceKey instance, Func<Task> step, CancellationToken ct)
    {
        using var agent = await ConnectAgentAsync(instance, ct);
        if (agent is null)
        {
            await step();
            return new GuestStillness(null, "no guest agent answered");
        }

        _holding[instance] = true;
        _files.SetHeld(instance, isHeld: true);
        try
        {
            var stillness = await GuestFreezing.AroundAsync(agent, step, isThawed => SettleHeld(instance, isThawed), _time, ct);
            if (stillness.FrozenFor is { } frozen)
                LogFrozen(instance.Name, frozen.TotalMilliseconds);
            return stillness;
        }
        finally
        {
            _holding.TryRemove(instance, out _);
        }
    }

    /// <summary>Thaws a guest that an earlier daemon froze and did not live to thaw.</summary>
    private async Task ThawLeftFrozenAsync(ResourceKey instance, CancellationToken ct)
    {
        if (!_files.IsHeld(instance) || _holding.ContainsKey(instance))
            return;
        using var agent = await ConnectAgentAsync(instance, ct);
        SettleHeld(instance, agent is not null && await agent.ThawAsync(ct));
    }

    private void SettleHeld(ResourceKey instance, bool isThawed)
    {
        if (isThawed)
            _files.SetHeld(instance, isHeld: false);
        else
            LogNotThawed(instance.Name);
    }

    private Task<GuestAgent?> ConnectAgentAsync(ResourceKey instance, CancellationToken ct) => GuestAgent.TryConnectAsync(
        Path.Combine(_files.DirectoryOf(instance), QemuCommandLine.GuestAgentSocket), RandomNumberGenerator.GetInt32(int.MaxValue), _time, ct);

    [LoggerMessage(EventId = 304, Level = LogLevel.Information, Message = "the file systems of {Instance} stood still for {Milliseconds:0.0} ms")]
    private partial void LogFrozen(string instance, double milliseconds);
}
