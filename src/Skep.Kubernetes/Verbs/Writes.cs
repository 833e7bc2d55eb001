using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Kubernetes.Verbs;

/// <summary>Runs transactions, again when somebody else wrote in between: preconditions are checked anew each time.</summary>
internal static class Writes
{
    private const int AttemptsMax = 16;

    /// <summary>
    /// Builds and commits a change of one resource. Returns the document as stored, or as it was last when the change
    /// removed it; in a dry run what it would be.
    /// </summary>
    public static async Task<WriteResult> CommitAsync(ResourceClient client, Func<ResourceTransaction, ResourceKey> build, bool isDryRun, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = client.Begin();
            var key = build(transaction);
            if (isDryRun)
                return new WriteResult(key, DryOutcome(transaction, key));
            try
            {
                var view = await transaction.CommitAsync(ct);
                return new WriteResult(key, view.Get(key)?.Json ?? transaction.Outcome(key) ?? default);
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < AttemptsMax)
            {
                // Only the commit raced: whatever the client demanded of the resource is checked again by the next build.
            }
        }
    }

    // A dry run has no revision of its own; clients compare, so it keeps the one that is stored.
    private static ReadOnlyMemory<byte> DryOutcome(ResourceTransaction transaction, ResourceKey key)
    {
        var outcome = transaction.Outcome(key) ?? default;
        if (transaction.View.Get(key) is not { } current)
            return outcome;
        var (body, offset) = ResourceDocument.Canonicalize(outcome);
        return ResourceDocument.Stamp(body, offset, current.Revision);
    }
}

/// <summary>What a write did: which resource, and its document.</summary>
internal readonly record struct WriteResult(ResourceKey Key, ReadOnlyMemory<byte> Json);
