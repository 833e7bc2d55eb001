using System.Diagnostics;
using System.Globalization;
using Skep.Cli;
using Skep.Core.Store;

namespace Skep.Daemon;

/// <summary>
/// The fault point of tests that show that a crash at any moment leaks nothing: a log that kills its own process
/// (SIGKILL) right before or right after one entry becomes durable. Only in the way when the environment says
/// <c>SKEP_FAULT_KILL_AT_ENTRY=N[:before|after]</c>, N counted from 1 at the first entry after the log was opened.
/// Entries of nodes do not count: they come when they will, and N is to mean the same entry in every run.
/// </summary>
internal sealed class KillingLog(IResourceLog inner, long entry, bool isAfter) : IResourceLog
{
    /// <summary>The variable that asks for it.</summary>
    public const string Variable = "SKEP_FAULT_KILL_AT_ENTRY";

    private long _counted;

    /// <summary>The log itself, unless the environment asks for the fault.</summary>
    /// <exception cref="CliException">The variable says something else than expected.</exception>
    public static IResourceLog Wrap(IResourceLog log, Func<string, string?> environment)
    {
        if (environment(Variable) is not { Length: > 0 } text)
            return log;
        var (number, when) = text.Split(':') switch
        {
            [var only] => (only, "before"),
            [var first, var second] => (first, second),
            _ => ("", ""),
        };
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var entry) && entry > 0 && when is "before" or "after"
            ? new KillingLog(log, entry, when == "after")
            : throw new CliException($"{Variable} is \"{text}\"; expected N, N:before or N:after with N from 1");
    }

    /// <inheritdoc/>
    public Task<LogState> OpenAsync(CancellationToken ct) => inner.OpenAsync(ct);

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct)
    {
        var last = _counted + entries.Count(e => e.Key.GroupResource.Resource != "nodes");
        var isMeant = _counted < entry && entry <= last;
        if (isMeant && !isAfter)
            Kill("before", last, entries);
        await inner.AppendAsync(entries, ct);
        if (isMeant)
            Kill("after", last, entries);
        _counted = last;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long afterRevision, int limit, CancellationToken ct) => inner.ReadAsync(afterRevision, limit, ct);

    /// <inheritdoc/>
    public Task CompactAsync(long revision, CancellationToken ct) => inner.CompactAsync(revision, ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void Kill(string when, long last, IReadOnlyList<LogEntry> entries)
    {
        // Says up to which entry the batch goes: a test need not kill at each of those that become durable together.
        Console.Error.WriteLine($"{Variable}: killed {when} entries {_counted + 1} to {last}: {string.Join(", ", entries.Select(e => $"{e.Type} {e.Key.GroupResource.Resource}/{e.Key.Name}"))}");
        using var self = Process.GetCurrentProcess();
        self.Kill();
        throw new UnreachableException("the process outlived SIGKILL");
    }
}
