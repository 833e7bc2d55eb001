namespace Skep.Blocks.Chunks;

/// <summary>Runs asynchronous work on many items, a few at a time, without threads of its own.</summary>
internal static class Bounded
{
    /// <summary>Runs <paramref name="work"/> for every item, at most <paramref name="max"/> at a time; stops at the first failure.</summary>
    public static async Task ForEachAsync<T>(IEnumerable<T> items, int max, Func<T, Task> work)
    {
        var running = new List<Task>(max);
        try
        {
            foreach (var item in items)
            {
                if (running.Count == max)
                {
                    var done = await Task.WhenAny(running);
                    running.Remove(done);
                    await done;
                }

                running.Add(work(item));
            }
        }
        finally
        {
            // What runs is never left behind, also after a failure.
            await Task.WhenAll(running);
        }
    }
}
