using System.Runtime.CompilerServices;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

/// <summary>The way of one process to a <see cref="SimulatedObjectStore"/>.</summary>
internal sealed class SimulatedStoreClient(SimulatedObjectStore store, SimulatedProcess process) : IObjectStore
{
    private const int ListPageLength = 4;

    /// <inheritdoc/>
    public string Name => "simulated store";

    /// <inheritdoc/>
    public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var content = new byte[parts.Sum(part => part.Length)];
        var end = 0;
        foreach (var part in parts)
        {
            part.Span.CopyTo(content.AsSpan(end));
            end += part.Length;
        }
        store.CountIo(process, condition == PutCondition.IfAbsent ? "put if absent" : "put", key, content.Length);
        store.Scheduler.Trace.Mix(content);
        if (store.Faults.IsFull)
            throw new ObjectStoreException(ObjectStoreError.Full, $"{Name}: put {key}: 507, the store is full");
        return await RequestAsync($"put {key}", () => store.Put(key, content, condition), ct);
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        store.CountIo(process, "get", key, offset + destination.Length);
        var content = await RequestAsync($"get {key}", () => store.Get(key), ct)
            ?? throw new ObjectStoreException(ObjectStoreError.NotFound, $"{Name}: {key} does not exist");
        var count = (int)Math.Clamp(content.Length - offset, 0, destination.Length);
        if (store.Random.Chance(store.Faults.ShortReadPerMille) && count > 0)
            count = store.Random.Below(count);
        content.AsSpan((int)Math.Min(offset, content.Length), count).CopyTo(destination.Span);
        if (count == destination.Length)
            return;
        // What a careless caller would take for data.
        store.Random.Fill(destination.Span[count..]);
        throw new ObjectStoreException(ObjectStoreError.Short, $"{Name}: {key} gave {count} bytes from {offset}, expected {destination.Length}");
    }

    /// <inheritdoc/>
    public async ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        store.CountIo(process, "find", key, 0);
        return await RequestAsync($"find {key}", () => store.Get(key)?.Length, ct);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            store.CountIo(process, "list", prefix, 0);
            var from = after;
            var page = await RequestAsync(
                $"list {prefix}",
                () => store.Keys
                    .Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(key, from) > 0)
                    .Select(store.FindListed)
                    .OfType<StoredObject>()
                    .Take(ListPageLength)
                    .ToList(),
                ct);
            foreach (var item in page)
                yield return item;
            if (page.Count < ListPageLength)
                break;
            after = page[^1].Key;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        store.CountIo(process, "delete", key, 0);
        await RequestAsync(
            $"delete {key}",
            () =>
            {
                store.Delete(key);
                return true;
            },
            ct);
    }

    // A request on its way: what happens at the store is not undone by the caller's end, its cancellation or its impatience.
    private async Task<T> RequestAsync<T>(string what, Func<T> effect, CancellationToken ct)
    {
        if (!process.IsAlive)
            await store.Scheduler.Never;
        var (faults, random, scheduler) = (store.Faults, store.Random, store.Scheduler);
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = ct.UnsafeRegister(_ => answer.TrySetCanceled(ct), null);
        var there = random.Time(faults.LatencyMax);
        if (store.IsOut || random.Chance(faults.RefusedPerMille))
        {
            scheduler.After(there, () => answer.TrySetException(Unavailable(what, "503, slow down")));
        }
        else if (random.Chance(faults.LostPerMille))
        {
            scheduler.After(faults.Timeout, () => answer.TrySetException(Unavailable(what, $"no answer within {faults.Timeout}")));
        }
        else if (random.Chance(faults.LostAnswerPerMille))
        {
            scheduler.After(random.Chance(500) ? there : random.Time(faults.StaleMax), () => effect());
            scheduler.After(faults.Timeout, () => answer.TrySetException(Unavailable(what, $"no answer within {faults.Timeout}")));
        }
        else
        {
            var back = random.Time(faults.LatencyMax);
            scheduler.After(there, () =>
            {
                var result = effect();
                scheduler.After(back, () => answer.TrySetResult(result));
            });
            if (random.Chance(faults.DuplicatePerMille))
                scheduler.After(there + random.Time(faults.StaleMax), () => effect());
        }
        return await answer.Task;
    }

    private ObjectStoreException Unavailable(string what, string why)
    {
        store.Scheduler.Trace.Say($"{process.Name}: {what}: {why}");
        return new(ObjectStoreError.Unavailable, $"{Name}: {what}: {why}");
    }
}
