namespace Skep.Linux;

/// <summary>Pairs of virtual Ethernet devices: what enters one leaves the other.</summary>
public static class Veth
{
    /// <summary>
    /// Makes a pair with its ends in two namespaces (null: this process's own), unless both ends are there. Half
    /// a pair cannot exist, so a near end without the far one belongs to something that is gone: it is replaced. True
    /// when it was made. Both ends are still down.
    /// </summary>
    /// <exception cref="CommandException">It could not be made.</exception>
    public static async Task<bool> EnsureAsync(IpTool ip, string? ns, string name, string peerNamespace, string peerName, CancellationToken ct)
    {
        var isNear = (await ip.ListLinksAsync(ns, ct)).Any(link => link.Name == name);
        var isFar = (await ip.ListLinksAsync(peerNamespace, ct)).Any(link => link.Name == peerName);
        if (isNear && isFar)
            return false;
        if (isNear)
            await ip.DeleteLinkAsync(ns, name, ct);
        if (isFar)
            await ip.DeleteLinkAsync(peerNamespace, peerName, ct);
        await ip.RunAsync(ns, [new IpCommand("link", "add", "name", name, "type", "veth", "peer", "name", peerName, "netns", peerNamespace)], ct);
        return true;
    }
}
