namespace Skep.Storage.Snapshots;

/// <summary>Lets those who work on one volume do so one after the other. Thread-safe.</summary>
internal sealed class VolumeTurns
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _last = new(StringComparer.Ordinal);

    /// <summary>Waits for one's turn, which ends with the disposal of what is returned.</summary>
    public async Task<IDisposable> TakeAsync(string volumeId, CancellationToken ct) => (await TakeAsync([volumeId], ct))[0];

    /// <summary>
    /// Waits for one's turns at several volumes; each ends with the disposal of its own. They are queued for in one step, so that
    /// two who want the same volumes never wait for each other.
    /// </summary>
    /// <param name="volumeIds">Different volumes.</param>
    /// <param name="ct">Gives up the waiting.</param>
    public async Task<IReadOnlyList<IDisposable>> TakeAsync(IReadOnlyList<string> volumeIds, CancellationToken ct)
    {
        var taken = volumeIds.Select(id => new Turn(this, id)).ToList();
        var before = new List<Task>();
        lock (_lock)
        {
            foreach (var turn in taken)
            {
                var last = _last.GetValueOrDefault(turn.VolumeId, Task.CompletedTask);
                before.Add(last);
                // Who gives up waiting must not let the next one in before those who were first.
                _last[turn.VolumeId] = Task.WhenAll(last, turn.Ended);
            }
        }

        try
        {
            await Task.WhenAll(before).WaitAsync(ct);
            return taken;
        }
        catch
        {
            taken.ForEach(t => t.Dispose());
            throw;
        }
    }

    /// <summary>One's turn if nobody else has it or waits for it; null otherwise.</summary>
    public IDisposable? TryTake(string volumeId)
    {
        lock (_lock)
        {
            if (_last.TryGetValue(volumeId, out var last) && !last.IsCompleted)
                return null;
            var turn = new Turn(this, volumeId);
            _last[volumeId] = turn.Ended;
            return turn;
        }
    }

    private void Forget(string volumeId)
    {
        lock (_lock)
        {
            if (_last.TryGetValue(volumeId, out var last) && last.IsCompleted)
                _last.Remove(volumeId);
        }
    }

    private sealed class Turn(VolumeTurns turns, string volumeId) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string VolumeId => volumeId;

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            if (_ended.TrySetResult())
                turns.Forget(volumeId);
        }
    }
}
