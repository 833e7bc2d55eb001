using Skep.Blocks.Stores;

namespace Skep.Storage.Stores;

public sealed partial class S3ObjectStore
{
    private const int ProbeBytes = 4_096;

    /// <summary>
    /// Tries on the store itself what the volume engine relies on. Some servers take conditional writes and ranges without
    /// an error and ignore them; with those, two writers would overwrite each other.
    /// </summary>
    /// <param name="random">Makes the probe's key and content, so that several may run at a time.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What does not work, each as a sentence; empty when the store can be used.</returns>
    /// <exception cref="ObjectStoreException">The store cannot be reached, or refuses the probe.</exception>
    public async Task<IReadOnlyList<string>> ProbeAsync(Random random, CancellationToken ct)
    {
        var key = $"probe/{random.NextInt64():x16}";
        var first = new byte[ProbeBytes];
        var second = new byte[ProbeBytes];
        random.NextBytes(first);
        random.NextBytes(second);
        var problems = new List<string>();
        try
        {
            if (!await PutAsync(key, [first], PutCondition.IfAbsent, ct))
                problems.Add($"{Name}: a conditional PUT (If-None-Match: *) of a new object was refused as if it existed");
            if (await PutAsync(key, [second], PutCondition.IfAbsent, ct))
                problems.Add($"{Name}: conditional PUTs (If-None-Match: *) are not honoured: a second one of the same key was taken");
            var part = new byte[ProbeBytes / 2];
            await GetAsync(key, ProbeBytes / 4, part, ct);
            if (!part.AsSpan().SequenceEqual(first.AsSpan(ProbeBytes / 4, part.Length)))
                problems.Add($"{Name}: a part of an object that was stored reads back as something else");
            if (await FindAsync(key, ct) is var length && length != ProbeBytes)
                problems.Add($"{Name}: an object of {ProbeBytes} bytes that was stored has a length of {length?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}");
        }
        finally
        {
            await DeleteAsync(key, CancellationToken.None);
        }

        if (await FindAsync(key, ct) is not null)
            problems.Add($"{Name}: an object is still there after its deletion");
        return problems;
    }
}
