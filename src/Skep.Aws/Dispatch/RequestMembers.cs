using System.Collections;
using System.Security.Cryptography;
using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>Members that mean the same in every operation, read by name.</summary>
internal static class RequestMembers
{
    public static bool IsDryRun(Structure request) => Get(request, "DryRun") is true;

    public static string? ClientToken(Structure request) => Get(request, "ClientToken") as string;

    public static int? MaxResults(Structure request) => Get(request, "MaxResults") as int?;

    public static string? NextToken(Structure request) => Get(request, "NextToken") is string { Length: > 0 } token ? token : null;

    /// <summary>The list of Filter structures, as the service's model has them; null when there is none.</summary>
    public static IList? Filters(Structure request) => (Get(request, "Filters") ?? Get(request, "Filter")) as IList;

    /// <summary>Whether a list of ids of what is asked for is given. Owners and users are not what is asked for.</summary>
    public static bool HasIds(Structure request) =>
        request.Shape.Members.Any(m => IsSelecting(m.Name) && request.Slots[m.Slot] is IList { Count: > 0 });

    /// <summary>A hash of what is asked, without the members named: equal hashes are equal requests.</summary>
    public static byte[] Hash(Structure request, params ReadOnlySpan<string> without)
    {
        var kept = new object?[without.Length];
        for (var i = 0; i < without.Length; i++)
        {
            if (request.Shape.Find(without[i]) is not { } member)
                continue;
            kept[i] = request.Slots[member.Slot];
            request.Slots[member.Slot] = null;
        }

        using var xml = new XmlBuffer();
        ResponseWriter.Members(xml, request);
        for (var i = 0; i < without.Length; i++)
        {
            if (request.Shape.Find(without[i]) is { } member)
                request.Slots[member.Slot] = kept[i];
        }

        return SHA256.HashData(xml.Written);
    }

    private static bool IsSelecting(string name) => name.EndsWith("Ids", StringComparison.Ordinal) && name is not ("OwnerIds" or "RestorableByUserIds");

    private static object? Get(Structure request, string name) =>
        request.Shape.Find(name) is { } member ? request.Slots[member.Slot] : null;
}
