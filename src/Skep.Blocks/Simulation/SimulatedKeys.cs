using System.Buffers.Binary;
using Skep.Blocks.Keys;
using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

/// <summary>A key ring whose current key changes; the older ones stay.</summary>
internal sealed class SimulatedKeys : IKeyRing
{
    private int _current = 1;

    /// <inheritdoc/>
    public string CurrentKeyId => $"key-{_current}";

    /// <summary>Adds a key and makes it the current one.</summary>
    public void Rotate() => _current++;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Find(string keyId)
    {
        if (!keyId.StartsWith("key-", StringComparison.Ordinal) || !int.TryParse(keyId.AsSpan(4), out var number) || number < 1 || number > _current)
            return null;
        var key = new byte[32];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        return key;
    }
}
