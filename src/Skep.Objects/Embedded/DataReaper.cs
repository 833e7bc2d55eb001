using System.Collections.Concurrent;
using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>
/// Removes data files that nothing refers to any more, but none that a reader has pinned: those go when the last lets go. What
/// it misses (a crash, a disk that fails) is found by the next start. Thread-safe.
/// </summary>
internal sealed class DataReaper : IDisposable
{
    /// <summary>Transactions whose files wait; the committer waits when there are more.</summary>
    private const int QueueMax = 1_024;

    private readonly IDataDisk _disk;
    private readonly Action<string> _onProblem;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, int> _pins = [];
    private readonly HashSet<long> _doomed = [];
    private readonly BlockingCollection<List<long>> _queue = new(QueueMax);
    private readonly Thread? _thread;

    /// <param name="disk">The disk.</param>
    /// <param name="onProblem">Is told of files that could not be removed.</param>
    /// <param name="isBackground">False to remove at once, in the caller's thread: for simulations.</param>
    public DataReaper(IDataDisk disk, Action<string> onProblem, bool isBackground)
    {
        _disk = disk;
        _onProblem = onProblem;
        if (!isBackground)
            return;
        _thread = new Thread(Run) { IsBackground = true, Name = "skep-objects-reaper" };
        _thread.Start();
    }

    /// <summary>Keeps files from being removed.</summary>
    public void Pin(IEnumerable<long> files)
    {
        lock (_lock)
        {
            foreach (var file in files)
                _pins[file] = _pins.GetValueOrDefault(file) + 1;
        }
    }

    /// <summary>Lets go of files.</summary>
    public void Unpin(IEnumerable<long> files)
    {
        var free = new List<long>();
        lock (_lock)
        {
            foreach (var file in files)
            {
                if (--_pins[file] > 0)
                    continue;
                _pins.Remove(file);
                if (_doomed.Remove(file))
                    free.Add(file);
            }
        }

        Enqueue(free);
    }

    /// <summary>Removes files as soon as nobody has them pinned.</summary>
    public void Delete(IEnumerable<long> files)
    {
        var free = new List<long>();
        lock (_lock)
        {
            foreach (var file in files)
            {
                if (_pins.ContainsKey(file))
                    _doomed.Add(file);
                else
                    free.Add(file);
            }
        }

        Enqueue(free);
    }

    /// <summary>Finishes what is queued.</summary>
    public void Dispose()
    {
        if (_queue.IsAddingCompleted)
            return;
        _queue.CompleteAdding();
        _thread?.Join();
        _queue.Dispose();
    }

    private void Enqueue(List<long> files)
    {
        if (files.Count == 0)
            return;
        if (_thread is null)
            Remove(files);
        else if (!_queue.IsAddingCompleted)
            _queue.Add(files);
    }

    private void Run()
    {
        foreach (var files in _queue.GetConsumingEnumerable())
            Remove(files);
    }

    private void Remove(List<long> files)
    {
        foreach (var file in files)
        {
            try
            {
                _disk.Delete(file);
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                _onProblem($"data file {DataNames.Format(file)} is free and cannot be removed; the next start tries again: {ex.Message}");
            }
        }
    }
}
