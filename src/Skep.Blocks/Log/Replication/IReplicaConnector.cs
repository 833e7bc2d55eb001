namespace Skep.Blocks.Log.Replication;

/// <summary>The way to a keeper of copies of write-ahead logs (docs/block-replica.md).</summary>
public interface IReplicaConnector
{
    /// <summary>Names the keeper in messages.</summary>
    string Name { get; }

    /// <summary>Connects. Both ends know each other on return.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not whom it should be.</exception>
    Task<Stream> ConnectAsync(CancellationToken ct);
}
