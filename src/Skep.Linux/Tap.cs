namespace Skep.Linux;

/// <summary>Tap devices: network interfaces whose other end is a program, here a virtual machine.</summary>
public static class Tap
{
    /// <summary>
    /// Makes a persistent tap that the user may open, unless it exists. True when it was made. A tap with several queues
    /// can only be opened by a program that asks for several, and the other way round.
    /// </summary>
    /// <exception cref="CommandException">It could not be made.</exception>
    public static async Task<bool> EnsureAsync(IpTool ip, string? ns, string name, SystemUser owner, bool isMultiQueue, CancellationToken ct)
    {
        if ((await ip.ListLinksAsync(ns, ct)).Any(link => link.Name == name))
            return false;
        string[] queues = isMultiQueue ? ["multi_queue"] : [];
        await ip.RunAsync(ns, [new IpCommand(["tuntap", "add", "dev", name, "mode", "tap", "user", $"{owner.UserId}", "vnet_hdr", .. queues])], ct);
        return true;
    }
}
