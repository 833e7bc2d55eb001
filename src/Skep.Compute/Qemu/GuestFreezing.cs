using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>
/// Freezes a guest's file systems around a step, measures how long they stand still, and thaws them whatever happens: when
/// the step ends, or when it takes longer than programs in the guest should wait.
/// </summary>
internal static class GuestFreezing
{
    /// <summary>The longest that file systems stand still for a step, after they have been frozen.</summary>
    public static readonly TimeSpan StepMax = TimeSpan.FromSeconds(10);

    /// <summary>Runs the step to its end, also when the guest was let go before.</summary>
    /// <param name="agent">The guest's agent.</param>
    /// <param name="step">What takes milliseconds.</param>
    /// <param name="onThawed">Told whether the agent said that the file systems go on.</param>
    /// <param name="time">Measures.</param>
    /// <param name="ct">Gives up the freezing; the thawing is never given up.</param>
    public static async Task<GuestStillness> AroundAsync(GuestAgent agent, Func<Task> step, Action<bool> onThawed, TimeProvider time, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        string? problem = null;
        var working = Task.CompletedTask;
        try
        {
            problem = await agent.FreezeAsync(ct);
            working = step();
            await working.WaitAsync(StepMax, time, CancellationToken.None);
        }
        catch (TimeoutException) when (!working.IsCompleted)
        {
            problem ??= $"the guest's file systems were let go after {StepMax.TotalSeconds:0} s, before the moment had come";
        }
        finally
        {
            onThawed(await agent.ThawAsync(CancellationToken.None));
        }

        var frozen = time.GetElapsedTime(since);
        await working;
        return new GuestStillness(problem is null ? frozen : null, problem);
    }
}
