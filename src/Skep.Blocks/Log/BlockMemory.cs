namespace Skep.Blocks.Log;

/// <summary>The decoded blocks used last, in memory: what read-ahead fetched and small reads hit again. Thread-safe.</summary>
internal sealed class BlockMemory(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<BlockKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = new();

    /// <summary>Copies a part of a block.</summary>
    public bool TryRead(BlockKey key, int offset, Span<byte> destination)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var node))
                return false;
            _order.Remove(node);
            _order.AddFirst(node);
            node.Value.Content.AsSpan(offset, destination.Length).CopyTo(destination);
            return true;
        }
    }

    public bool Contains(BlockKey key)
    {
        lock (_gate)
            return _entries.ContainsKey(key);
    }

    public void Add(BlockKey key, ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            if (_entries.ContainsKey(key))
                return;
            LinkedListNode<Entry> node;
            if (_entries.Count < capacity)
            {
                node = new LinkedListNode<Entry>(new Entry(key, new byte[DataObjectHeader.BlockBytes]));
            }
            else
            {
                node = _order.Last!;
                _order.Remove(node);
                _entries.Remove(node.Value.Key);
                node.Value = node.Value with { Key = key };
            }
            content.CopyTo(node.Value.Content);
            _order.AddFirst(node);
            _entries.Add(key, node);
        }
    }

    private readonly record struct Entry(BlockKey Key, byte[] Content);
}
