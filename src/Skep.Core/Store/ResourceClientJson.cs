using System.Text.Json.Nodes;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>Changes to resources whose kind belongs to another room, on the document itself.</summary>
public static class ResourceClientJson
{
    private const int ModifyAttemptsMax = 16;

    /// <summary>
    /// Reads, changes and writes one document, again from the start when somebody else wrote in between.
    /// <paramref name="change"/> returns false to leave it alone; it may run several times. False when nothing was written.
    /// </summary>
    public static async Task<bool> ModifyJsonAsync(this ResourceClient client, ResourceKey key, Func<JsonObject, bool> change, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = client.Begin();
            if (transaction.View.Get(key) is not { } current)
                return false;
            var document = ResourceDocument.ParseObject(current.Json.Span);
            if (!change(document))
                return false;
            transaction.Update(client.Kinds[key.GroupResource], ResourceDocument.ToBytes(document), WriteScope.All);
            try
            {
                await transaction.CommitAsync(ct);
                return true;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < ModifyAttemptsMax)
            {
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.NotFound)
            {
                return false;
            }
        }
    }
}
