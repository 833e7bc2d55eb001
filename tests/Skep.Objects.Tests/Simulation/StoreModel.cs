namespace Skep.Objects.Tests.Simulation;

/// <summary>
/// What a store may hold: of each key the set of bodies that it may have, one while nothing is in doubt. An operation that was
/// answered leaves its result alone; one that was not may have happened or not.
/// </summary>
internal sealed class StoreModel
{
    private readonly Dictionary<string, HashSet<string?>> _allowed = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Keys => _allowed.Keys;

    /// <summary>The body's digest that a key is to have; null for no object.</summary>
    public void Answered(string key, string? body) => _allowed[key] = [body];

    public void InDoubt(string key, string? body)
    {
        if (!_allowed.TryGetValue(key, out var bodies))
            _allowed.Add(key, bodies = [null]);
        bodies.Add(body);
    }

    /// <summary>Checks what was found after a crash, which settles what was in doubt.</summary>
    public void Check(string key, string? found, string context)
    {
        Assert.True(_allowed[key].Contains(found), $"{context}: {key} is {found ?? "absent"}, allowed: {string.Join(" or ", _allowed[key].Select(b => b ?? "absent"))}");
        _allowed[key] = [found];
    }

    public string? Current(string key) => _allowed.TryGetValue(key, out var bodies) && bodies.Count == 1 ? bodies.First() : null;

    public IEnumerable<string> Present => _allowed.Where(p => p.Value.Count == 1 && p.Value.First() is not null).Select(p => p.Key);
}
